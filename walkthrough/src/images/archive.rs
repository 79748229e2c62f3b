//! All images in one file, which a stick carries to a machine without a network.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use chassis::say;
use clap::Args;
use indicatif::DecimalBytes;

use super::engine::Engine;
use super::nodes::Nodes;
use super::{istio, names, transfer};
use crate::cleanup::{self, Cleanup};
use crate::cluster::kubectl::get;

/// Where to write.
#[derive(Args)]
pub(super) struct Save {
    /// The file, such as `widgetario-images.tar`; `widgetario images load FILE` reads it
    file: PathBuf,

    /// Replace the file, if there is one
    #[arg(long)]
    force: bool,
}

/// Writes all images into one file.
///
/// # Errors
/// When the engine does not have all of them, or the file cannot be written.
pub(super) fn save(options: &Save) -> anyhow::Result<ExitCode> {
    let file = &options.file;
    ensure!(
        options.force || !file.exists(),
        "{} is there already: choose another name, or add `--force`",
        file.display()
    );
    let needed = names::of_the_walkthrough(&istio::images()?)?;
    let names: Vec<&str> = needed.iter().map(|image| image.name.as_str()).collect();
    let nodes = get(&["nodes"]).map(|list| Nodes::of(&list));
    let mut nodes = nodes.unwrap_or_default();
    let engine = Engine::of(&mut nodes, &names)?;
    let in_engine = |name: &&str| engine.image(name).is_some();
    let (there, missing): (Vec<&str>, Vec<&str>) = names.iter().copied().partition(in_engine);
    ensure!(
        missing.is_empty(),
        "{} does not have {}: {}`widgetario images pull` fetches what is not built here",
        engine.name(),
        missing.join(", "),
        if names::are_built_here() {
            format!("`{}` makes the shop's, ", engine.build())
        } else {
            String::new()
        }
    );
    cleanup::watch_for_interruption()?;
    let bytes = write(&engine, &there, &nodes.platform(), file)?;
    let count = there.len();
    say!(
        "{}: {count} images, {}",
        file.display(),
        DecimalBytes(bytes)
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Writes an archive beside `file`, and gives it that name once it is whole. Returns its size in
/// bytes.
fn write(engine: &Engine, names: &[&str], platform: &str, file: &Path) -> anyhow::Result<u64> {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let mut archive = File::create(&partial)
        .with_context(|| format!("{} cannot be written", partial.display()))?;
    let leftover = partial.clone();
    // Once the file has its own name, there is nothing to remove.
    let cleanup = Cleanup::new(move || drop(fs::remove_file(leftover)));
    let images = names.iter().filter_map(|name| engine.image(name));
    let bar = transfer::bar("saving", images.map(|image| image.bytes).sum())?;
    let bytes = transfer::write(engine.save(names, platform), &mut archive, &bar)
        .with_context(|| format!("{} cannot be written", file.display()))?;
    bar.finish_and_clear();
    archive.sync_all()?;
    drop(archive);
    local_postgres::rename(&partial, file)
        .with_context(|| format!("{} cannot be written", file.display()))?;
    drop(cleanup);
    Ok(bytes)
}
