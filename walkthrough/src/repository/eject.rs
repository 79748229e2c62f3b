//! `widgetario eject`: writes the documents and manifests to a folder of the user's.

use std::path::{PathBuf, absolute};
use std::process::ExitCode;

use anyhow::{Context, bail};
use chassis::say;
use clap::Args;

use super::{LOCAL, REGISTRY, copy};

/// Where to write, and which images the manifests name.
#[derive(Args)]
pub struct Options {
    /// Where to write them; it is made if it is not there
    #[arg(default_value = "widgetario-walkthrough")]
    folder: PathBuf,

    /// Replace files there that are different
    #[arg(long)]
    force: bool,

    /// Where the shop's images come from, such as ghcr.io/OWNER/REPOSITORY
    #[arg(long, default_value = REGISTRY, value_parser = registry)]
    registry: String,
}

/// Writes all files that are not there yet, and says so.
///
/// # Errors
/// When the folder has other files of these names, unless they are to be replaced: then nothing is
/// written. Also when the operating system refuses.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let folder = absolute(&options.folder).context("the name of the folder is empty")?;
    let missing = copy::files(&options.registry).filter(|file| !file.is_at(&folder));
    let missing: Vec<_> = missing.collect();
    let different = missing.iter().filter(|file| file.differs_at(&folder));
    let different: Vec<&str> = different.map(|file| file.path).collect();
    if let Some(first) = different.first()
        && !options.force
    {
        bail!(
            "{} has other content in {} of these files, such as {first}: name another folder, or \
             replace them with --force",
            folder.display(),
            different.len()
        );
    }
    for file in &missing {
        file.write(&folder)?;
    }
    let images = match options.registry.as_str() {
        LOCAL => "`docker compose build`, in a checkout",
        registry => registry,
    };
    say!(
        "Wrote {} files of docs, istio and k8s to {}; {} were there already.\n\
         The shop's images come from {images}. In that folder, widgetario uses these files.",
        missing.len(),
        folder.display(),
        copy::files(&options.registry).count() - missing.len()
    )?;
    Ok(ExitCode::SUCCESS)
}

/// The beginning of an image's name: a host and a path in small letters, without a scheme
/// (<https://github.com/distribution/reference>).
fn registry(text: &str) -> Result<String, String> {
    let is_allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".:_-".contains(&byte);
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(is_allowed);
    if text.split('/').all(is_part) {
        Ok(text.to_owned())
    } else {
        Err("a host and a path in small letters, such as ghcr.io/owner/repository".into())
    }
}
