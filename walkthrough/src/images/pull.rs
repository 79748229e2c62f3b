//! Fetches the images that are not ours beforehand, so that a demo does not wait for a network.

use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use chassis::say;
use clap::Args;
use indicatif::ProgressBar;

use super::engine::Engine;
use super::istio;
use super::load::{into_nodes, status};
use super::names::{self, User};
use super::nodes::Nodes;
use super::state::Inventory;
use crate::cleanup;
use crate::cluster::NO_CLUSTER;
use crate::cluster::consent::Consent;
use crate::cluster::kubectl::get;

/// Where to fetch to.
#[derive(Args)]
pub(super) struct Pull {
    #[command(flatten)]
    consent: Consent,
}

/// Fetches all images that are not the shop's; the status tells whether all of them came.
///
/// # Errors
/// When the user did not agree, or the engine or the cluster cannot be asked.
pub(super) fn run(options: &Pull) -> anyhow::Result<ExitCode> {
    options.consent.check()?;
    cleanup::watch_for_interruption()?;
    let list = get(&["nodes"]).context(NO_CLUSTER)?;
    let mut needed = names::of_the_walkthrough(&istio::images()?)?;
    needed.retain(|image| image.user != User::Shop);
    let names: Vec<&str> = needed.iter().map(|image| image.name.as_str()).collect();
    let mut nodes = Nodes::of(&list);
    let engine = Engine::of(&mut nodes, &names)?;
    let mut failed = Vec::new();
    for name in names {
        let outcome = if engine.image(name).is_some() {
            "there already".to_owned()
        } else {
            match fetch(&engine, name, &nodes.platform()) {
                Ok(()) => "fetched".to_owned(),
                Err(error) => {
                    failed.push(name.to_owned());
                    format!("FAILED: {error:#}")
                }
            }
        };
        say!("{}: {name} {outcome}", engine.name())?;
    }
    needed.retain(|image| image.user == User::Pods && !failed.contains(&image.name));
    if nodes.out_of_reach().is_some() {
        say!("The nodes fetch their images themselves, at the first use.")?;
        return Ok(status(failed.len()));
    }
    let failures = into_nodes(&Inventory::take(needed, &list)?)?;
    Ok(status(failed.len() + failures))
}

/// Fetches one image into the engine.
fn fetch(engine: &Engine, name: &str, platform: &str) -> anyhow::Result<()> {
    let bar = ProgressBar::new_spinner().with_message(format!("{}: {name}", engine.name()));
    bar.enable_steady_tick(Duration::from_millis(100));
    let arguments = ["pull", "--quiet", "--platform", platform, name];
    let pulled = engine.command(&arguments).stdin(Stdio::null()).output()?;
    bar.finish_and_clear();
    let complaint = String::from_utf8_lossy(&pulled.stderr);
    ensure!(pulled.status.success(), "{}", complaint.trim());
    Ok(())
}
