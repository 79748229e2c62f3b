//! What the user's container engine has: Docker's, or containerd's where there is no Docker.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, bail};
use indicatif::DecimalBytes;
use serde_json::Value;

use super::ctr::KUBERNETES;
use super::ids::Ids;
use super::names::canonical;
use super::nodes::{self, Access, Nodes};
use crate::cluster::kubectl::{attempt, command, elements, output};

/// What makes the shop's images.
pub(super) const BUILD: &str = "docker compose build";

/// The engine, and those of the needed images that it has.
pub(super) struct Engine {
    /// The words that start its client: `docker`, or `nerdctl` in the namespace of Kubernetes, whose
    /// images are those of the node.
    words: Vec<String>,
    /// The version of Docker's interface that client and server have in common, such as 1.50.
    interface: (u32, u32),
    images: BTreeMap<String, EngineImage>,
}

/// An image in the engine.
#[derive(Clone, Debug, Default)]
pub(super) struct EngineImage {
    pub(super) ids: Ids,
    /// Nothing when the engine does not tell it.
    pub(super) bytes: u64,
}

impl EngineImage {
    /// Such as `4.5 MB`.
    pub(super) fn size(&self) -> String {
        match self.bytes {
            0 => "-".to_owned(),
            bytes => DecimalBytes(bytes).to_string(),
        }
    }
}

impl Engine {
    /// The user's engine: Docker, or, where that does not answer, the containerd of the nodes, when
    /// `nerdctl` reaches it; then the nodes are marked as those that use the engine's images.
    ///
    /// # Errors
    /// When neither answers.
    pub(super) fn of(nodes: &mut Nodes, names: &[&str]) -> anyhow::Result<Self> {
        let docker = Self::of_docker(names, &nodes.platform());
        let Some(Access::Nerdctl(words)) = nodes.nodes.first().map(|node| node.access.clone())
        else {
            return docker;
        };
        docker.or_else(|_| {
            let engine = Self::of_nerdctl(&words, names)?;
            for node in &mut nodes.nodes {
                node.access = Access::Engine;
            }
            Ok(engine)
        })
    }

    /// Asks Docker for images, by any of their names; `platform` is that of the nodes, such as
    /// `linux/arm64`.
    ///
    /// # Errors
    /// When there is no engine, or it does not answer.
    fn of_docker(names: &[&str], platform: &str) -> anyhow::Result<Self> {
        let version = ["version", "--format", "{{.Client.APIVersion}}"];
        let version =
            output("docker", &version).context("start Docker: its engine does not answer")?;
        let mut engine = Self {
            words: vec!["docker".to_owned()],
            interface: interface(&version),
            images: BTreeMap::new(),
        };
        for image in inspect(&[], names)? {
            engine.add(&image);
        }
        // Only the store of containerd has a descriptor. Since 1.49 it tells a platform's manifest.
        if engine.interface >= (1, 49) {
            for image in inspect(&["--platform", platform], names)? {
                if image.get("Descriptor").is_some() {
                    engine.add(&image);
                }
            }
        }
        Ok(engine)
    }

    /// The containerd of a node, which `words` reach.
    ///
    /// # Errors
    /// When `nerdctl` cannot be started.
    fn of_nerdctl(words: &[String], names: &[&str]) -> anyhow::Result<Self> {
        let images = nodes::of_nerdctl(words, names)?.into_iter();
        let images = images.map(|(name, ids)| (name, EngineImage { ids, bytes: 0 }));
        let namespace = KUBERNETES.iter().map(|word| (*word).to_owned());
        Ok(Self {
            words: words.iter().cloned().chain(namespace).collect(),
            interface: (0, 0),
            images: images.collect(),
        })
    }

    /// Whether it is the containerd of the node.
    pub(super) fn is_the_nodes(&self) -> bool {
        self.words.len() > 1
    }

    /// What people call it.
    pub(super) fn name(&self) -> &'static str {
        if self.is_the_nodes() {
            "containerd"
        } else {
            "docker"
        }
    }

    /// What makes the shop's images in it.
    pub(super) fn build(&self) -> String {
        BUILD.replacen("docker", &self.words.join(" "), 1)
    }

    /// A command of its client.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let words = self.words.iter().map(String::as_str);
        let mut words = words.chain(arguments.iter().copied());
        command(words.next().unwrap_or("docker"), words)
    }

    /// Adds what Docker says of an image. In the store of containerd, its id is that of the index, or
    /// of the manifest of the platform that was asked for; else it is that of the configuration.
    fn add(&mut self, image: &Value) {
        let texts = |field: &str| elements(&image[field]).filter_map(Value::as_str);
        let bytes = image["Size"].as_u64().unwrap_or_default();
        for tag in texts("RepoTags") {
            let known = self.images.entry(canonical(tag)).or_default();
            known.bytes = bytes;
            let ids = match image.get("Descriptor") {
                Some(_) => &mut known.ids.manifests,
                None => &mut known.ids.configurations,
            };
            ids.extend(image["Id"].as_str().map(str::to_owned));
            let digests = texts("RepoDigests").filter_map(|name| name.split_once('@'));
            known
                .ids
                .manifests
                .extend(digests.map(|(_, digest)| digest.to_owned()));
        }
    }

    /// The image of that name, if the engine has it.
    pub(super) fn image(&self, name: &str) -> Option<&EngineImage> {
        self.images.get(&canonical(name))
    }

    /// The command that writes `names` as an archive: of one platform alone, where the engine can. An
    /// archive that lists platforms whose layers were never fetched is refused by a node
    /// (<https://github.com/kubernetes-sigs/kind/issues/3795>).
    pub(super) fn save(&self, names: &[&str], platform: &str) -> Command {
        let mut arguments = vec!["save"];
        if self.interface >= (1, 48) {
            arguments.extend(["--platform", platform]);
        }
        arguments.extend(names);
        self.command(&arguments)
    }
}

/// The images of `names` that the engine has, as it describes them.
fn inspect(options: &[&str], names: &[&str]) -> anyhow::Result<Vec<Value>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let arguments = [&["image", "inspect"], options, names].concat();
    let inspected = attempt("docker", &arguments, None)?;
    let found = String::from_utf8_lossy(&inspected.stdout);
    if found.trim().is_empty() {
        let complaint = String::from_utf8_lossy(&inspected.stderr);
        bail!("docker: {}", complaint.trim());
    }
    serde_json::from_str(&found).context("docker wrote no JSON")
}

fn interface(version: &str) -> (u32, u32) {
    let number = |text: &str| text.parse().unwrap_or_default();
    let (major, minor) = version.trim().split_once('.').unwrap_or_default();
    (number(major), number(minor))
}
