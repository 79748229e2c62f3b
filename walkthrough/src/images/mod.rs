//! `widgetario images`: which images the walkthrough needs, where they are, and how they get into the
//! nodes of a cluster.
//!
//! `names` reads from the manifests and the documents what is needed; Istio's own images are asked
//! of the installed mesh, or of `istioctl` (`istio`). `engine` asks Docker what it has, and
//! `nodes` asks each node, one that is a container by `ctr`. `state` compares both by their
//! `ids`, and `table` shows it. `load` brings images into nodes and names the `pods` to
//! restart, `pull` fetches the images that are not ours, and `archive` carries all of them in one
//! file; `transfer` moves the bytes.

mod archive;
mod ctr;
mod engine;
mod ids;
mod istio;
mod load;
mod names;
mod nodes;
mod pods;
mod pull;
mod state;
mod table;
mod transfer;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

pub(crate) use self::names::are_built_here;
pub use self::names::{LOCAL, NAMES, shop};
use self::state::Inventory;

/// What to do with the images.
#[derive(Args)]
pub struct Images {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// List the images, and where each of them is (the default); the exit status is 1 when a node
    /// lacks an image of the shop, or has another one than Docker
    List,

    /// Put the shop's images into every node of the cluster
    Load(load::Load),

    /// Fetch all images that are not built on this machine, into Docker and into every node
    Pull(pull::Pull),

    /// Write all images into one file, for a machine without a network
    Save(archive::Save),
}

/// Does what the arguments say; the status tells whether all of it succeeded.
///
/// # Errors
/// When Docker or the cluster cannot be asked, or the user did not agree to a change of the cluster.
pub fn run(images: &Images) -> anyhow::Result<ExitCode> {
    match &images.action {
        None | Some(Action::List) => table::list(),
        Some(Action::Load(options)) => load::run(options),
        Some(Action::Pull(options)) => pull::run(options),
        Some(Action::Save(options)) => archive::save(options),
    }
}

/// Where the shop's images are. `nodes` is a list as `kubectl get nodes` writes it.
///
/// # Errors
/// When a node that should list its images does not.
pub(crate) fn of_the_shop(nodes: &Value) -> anyhow::Result<Inventory> {
    Inventory::take(names::of_the_shop(), nodes)
}
