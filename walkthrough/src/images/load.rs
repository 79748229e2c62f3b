//! Puts images into the nodes of a cluster.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use chassis::say;
use clap::Args;
use indicatif::DecimalBytes;

use super::engine::Engine;
use super::names::{Needed, User};
use super::nodes::{Access, KUBERNETES, Node, Nodes};
use super::state::{Inventory, State};
use super::{names, pods, transfer};
use crate::cleanup;
use crate::cluster::consent::Consent;
use crate::cluster::kubectl::{command, get};

/// How long a node takes at most to show an image under the digest of its configuration.
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
    let nodes = get(&["nodes"])?;
    let needed = match &options.file {
        Some(file) => {
            into_engine(&Engine::of(&mut Nodes::of(&nodes), &[])?, file)?;
            let needed = names::of_the_walkthrough()?.into_iter();
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
/// When nobody reads what is written, or the nodes take no images from here.
pub(super) fn into_nodes(inventory: &Inventory) -> anyhow::Result<usize> {
    let mut failures = 0;
    let mut done: Vec<&Access> = Vec::new();
    for (position, node) in inventory.positions() {
        // One command of minikube brings an image to all nodes.
        if matches!(node.access, Access::Minikube(_)) && done.contains(&&node.access) {
            continue;
        }
        done.push(&node.access);
        if let Some(reason) = untouched(inventory, node) {
            say!("{}: {reason}", node.name)?;
            continue;
        }
        for image in &inventory.needed {
            if let Err(error) = bring(inventory, image, position) {
                failures += 1;
                say!("{}: {} FAILED: {error:#}", node.name, image.name)?;
            }
        }
    }
    Ok(failures)
}

/// Why nothing is loaded into `node`, if that is so.
fn untouched(inventory: &Inventory, node: &Node) -> Option<String> {
    let distribution = inventory.nodes.distribution.name();
    match node.access {
        Access::Engine => Some(format!(
            "{distribution} runs its pods with the images that you build: nothing to load"
        )),
        Access::Status => Some(format!(
            "no way is known to load images into a node of {distribution}: push them to a registry \
             that it reaches, or, on the node itself, `ctr --namespace k8s.io images import FILE` with \
             a file of `widgetario images save FILE` (k3s: `k3s ctr images import FILE`)"
        )),
        _ => None,
    }
}

/// Brings an image to the node at `position`, unless it has the same, and writes a line about it.
fn bring(inventory: &Inventory, image: &Needed, position: usize) -> anyhow::Result<()> {
    let (name, node) = (&image.name, &inventory.nodes.nodes[position]);
    let engine = inventory.engine.as_ref();
    let engine = engine.map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let state = inventory.state(image, position);
    let Some(in_engine) = engine.image(name) else {
        let by = match image.user {
            User::Shop => engine.build(),
            _ => "widgetario images pull".to_owned(),
        };
        // A node that has it already needs nobody's.
        ensure!(
            state == State::NotCompared,
            "{} does not have it: `{by}`",
            engine.name()
        );
        return Ok(say!("{}: {name} there already", node.name)?);
    };
    if state == State::There {
        return Ok(say!("{}: {name} there already", node.name)?);
    }
    let bar = transfer::bar(&format!("{}: {name}", node.name), in_engine.bytes)?;
    let platform = format!("linux/{}", node.architecture);
    transfer::pipe(
        engine.save(&[name], &platform),
        import(node, &platform)?,
        &bar,
    )?;
    bar.finish_and_clear();
    arrived(inventory, image, position)?;
    Ok(say!("{}: {name} loaded, {}", node.name, in_engine.size())?)
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

/// Waits until the node at `position` has the image of the engine.
fn arrived(inventory: &Inventory, image: &Needed, position: usize) -> anyhow::Result<()> {
    let begin = Instant::now();
    let node = &inventory.nodes.nodes[position];
    loop {
        let images = node.images(&[&image.name])?;
        match State::of(inventory.in_engine(&image.name), &images, &image.name) {
            State::There => return Ok(()),
            State::NotCompared if begin.elapsed() > SHOWN_WITHIN => return Ok(()),
            state => ensure!(
                begin.elapsed() < SHOWN_WITHIN,
                "it was imported without an error, and is still {}",
                state.text()
            ),
        }
        sleep(Duration::from_millis(200));
    }
}
