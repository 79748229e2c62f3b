//! Puts images into the nodes of a cluster.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use chassis::say;
use clap::Args;
use indicatif::DecimalBytes;

use super::ctr::KUBERNETES;
use super::engine::{Engine, EngineImage};
use super::names::{Needed, User};
use super::nodes::{Access, Node, Nodes};
use super::state::{Inventory, State};
use super::{istio, names, pods, transfer};
use crate::cleanup;
use crate::cluster::NO_CLUSTER;
use crate::cluster::consent::Consent;
use crate::cluster::kubectl::{command, get};

/// How long a node takes at most to list an image that it has imported.
const SHOWN_WITHIN: Duration = Duration::from_secs(10);

/// Where to load from.
#[derive(Args)]
pub(super) struct Load {
    /// What `widgetario images save` wrote: it is loaded into Docker first, and then into every node.
    /// Without it, the shop's images are loaded from Docker
    file: Option<PathBuf>,

    #[command(flatten)]
    consent: Consent,
}

/// Loads images; the status tells whether every node has them.
///
/// # Errors
/// When the user did not agree, or Docker or the cluster cannot be asked.
pub(super) fn run(options: &Load) -> anyhow::Result<ExitCode> {
    options.consent.check()?;
    cleanup::watch_for_interruption()?;
    let nodes = get(&["nodes"]).context(NO_CLUSTER)?;
    if let Some(hint) = Nodes::of(&nodes).out_of_reach() {
        bail!(hint);
    }
    let needed = match &options.file {
        Some(file) => {
            let needed = names::of_the_walkthrough(&istio::images()?)?.into_iter();
            into_engine(&Engine::of(&mut Nodes::of(&nodes), &[])?, file)?;
            needed.filter(|image| image.user != User::Docker).collect()
        }
        None if names::are_built_here() => names::of_the_shop(),
        None => bail!(
            "the shop's images are published, so none is built here: `widgetario images pull` fetches them"
        ),
    };
    let inventory = Inventory::take(needed, &nodes)?;
    let mut failures = into_nodes(&inventory)?;
    let inventory = Inventory::take(inventory.needed, &nodes)?;
    failures += usize::from(failures == 0 && inventory.remedy().is_some());
    if let Some(remedy) = inventory.remedy() {
        say!("{remedy}")?;
    }
    for restart in pods::to_restart(&inventory)? {
        say!("{restart}")?;
    }
    Ok(status(failures))
}

/// The status of a command in which so many things failed.
pub(super) fn status(failures: usize) -> ExitCode {
    if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Loads an archive into the user's engine.
fn into_engine(engine: &Engine, file: &Path) -> anyhow::Result<()> {
    let (engine_name, name) = (engine.name(), file.display());
    let archive = File::open(file).with_context(|| format!("{name} cannot be read"))?;
    let bytes = archive.metadata()?.len();
    let bar = transfer::bar(&format!("{engine_name}: {name}"), bytes)?;
    transfer::read(archive, engine.command(&["load"]), &bar)
        .with_context(|| format!("{name} cannot be loaded"))?;
    bar.finish_and_clear();
    say!("{engine_name}: {name} loaded, {}", DecimalBytes(bytes))?;
    Ok(())
}

/// Brings every node the images of the inventory that the engine has and the node has not, and writes
/// a line for each. Returns how many could not be brought.
///
/// # Errors
/// When nobody reads what is written, or the engine or a node does not answer.
pub(super) fn into_nodes(inventory: &Inventory) -> anyhow::Result<usize> {
    let engine = inventory.engine.as_ref();
    let engine = engine.map_err(|error| anyhow!("{error:#}"))?;
    let needed = inventory.needed.iter();
    let names: Vec<&str> = needed.map(|image| image.name.as_str()).collect();
    let mut failures = 0;
    for (_, node) in inventory.positions() {
        if node.access == Access::Engine {
            let distribution = inventory.nodes.distribution.name();
            say!(
                "{}: {distribution} runs its pods with the images that you build: nothing to load",
                node.name
            )?;
            continue;
        }
        // Asked anew, because minikube brings an image to all its nodes at once.
        let images = node.images(&names)?;
        for image in &inventory.needed {
            let state = State::of(engine.image(&image.name), &images, &image.name);
            let outcome = bring(engine, image, node, state).unwrap_or_else(|error| {
                failures += 1;
                format!("FAILED: {error:#}")
            });
            say!("{}: {} {outcome}", node.name, image.name)?;
        }
    }
    Ok(failures)
}

/// Brings an image to a node, unless that has the same, and returns what was done.
fn bring(engine: &Engine, image: &Needed, node: &Node, state: State) -> anyhow::Result<String> {
    let name = image.name.as_str();
    let there = "there already".to_owned();
    let Some(in_engine) = engine.image(name) else {
        let by = match image.user {
            User::Shop => engine.build(),
            _ => "widgetario images pull".to_owned(),
        };
        // What cannot be compared is there.
        let is_there = state == State::NotCompared;
        ensure!(is_there, "{} does not have it: `{by}`", engine.name());
        return Ok(there);
    };
    if state == State::There {
        return Ok(there);
    }
    let bar = transfer::bar(&format!("{}: {name}", node.name), in_engine.bytes)?;
    let platform = format!("linux/{}", node.architecture);
    let archive = engine.save(&[name], &platform);
    transfer::pipe(archive, import(node, &platform)?, &bar)?;
    bar.finish_and_clear();
    arrived(in_engine, name, node)?;
    Ok(format!("loaded, {}", in_engine.size()))
}

/// The command that takes an archive on its standard input and brings its images to `node`.
fn import(node: &Node, platform: &str) -> anyhow::Result<Command> {
    let words: Vec<&str> = match &node.access {
        Access::Container => {
            let ctr = ["docker", "exec", "--interactive", &node.name, "ctr"];
            let import = ["images", "import", "--platform", platform, "-"];
            [&ctr[..], &KUBERNETES, &import].concat()
        }
        Access::Minikube(profile) => {
            vec!["minikube", "--profile", profile, "image", "load", "-"]
        }
        Access::Nerdctl(words) => {
            let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
            words.extend(KUBERNETES);
            words.push("load");
            words
        }
        Access::Engine | Access::Status => Vec::new(),
    };
    let (program, arguments) = words.split_first().context("a node without a loader")?;
    Ok(command(program, arguments.iter().copied()))
}

/// Waits until `node` has the image `name` of the engine.
fn arrived(in_engine: &EngineImage, name: &str, node: &Node) -> anyhow::Result<()> {
    let begin = Instant::now();
    loop {
        let images = node.images(&[name])?;
        let state = State::of(Some(in_engine), &images, name);
        if matches!(state, State::There | State::NotCompared) {
            return Ok(());
        }
        let is_late = begin.elapsed() > SHOWN_WITHIN;
        ensure!(
            !is_late,
            "it was imported without an error, and is still {}",
            state.text()
        );
        sleep(Duration::from_millis(200));
    }
}
