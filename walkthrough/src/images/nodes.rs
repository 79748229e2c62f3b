//! What each node of the cluster has, and how a node is asked.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::Value;

use super::ctr::{self, KUBERNETES};
use super::ids::Ids;
use super::names::canonical;
use crate::cluster::distribution::Distribution;
use crate::cluster::kubectl::{attempt, elements, items, output};

/// A node lists at most so many images in its status (`nodeStatusMaxImages` of
/// <https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/>).
const LISTED_AT_MOST: usize = 50;

/// The nodes of a cluster; by default none, when there is no cluster.
#[derive(Default)]
pub(super) struct Nodes {
    pub(super) distribution: Distribution,
    pub(super) nodes: Vec<Node>,
}

/// A node, and how its images are reached.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) access: Access,
    /// Such as `amd64`.
    pub(super) architecture: String,
    /// The names that it lists in its status.
    listed: Vec<String>,
}

/// How the images of a node are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// They are those of the user's engine.
    Engine,
    /// By `ctr` in the container that is the node, which has the node's name.
    Container,
    /// By `minikube`, with the name of the profile.
    Minikube(String),
    /// By `nerdctl`: the words that start it.
    Nerdctl(Vec<String>),
    /// Not at all; only the names in its status are known.
    Status,
}

/// The images of a node, by their whole names, each with the ids by which the node knows it, if they
/// can be seen.
pub(super) struct NodeImages {
    pub(super) ids: BTreeMap<String, Ids>,
    /// Whether an image that is not among them is not there.
    pub(super) is_complete: bool,
}

impl Nodes {
    /// The nodes in `list`, as `kubectl get nodes` writes it.
    pub(super) fn of(list: &Value) -> Self {
        let distribution = Distribution::of(list);
        let node = |node: &Value| Node {
            name: text(&node["metadata"]["name"]),
            access: Access::of(distribution, node),
            architecture: text(&node["status"]["nodeInfo"]["architecture"]),
            listed: listed(node),
        };
        Self {
            distribution,
            nodes: items(list).map(node).collect(),
        }
    }

    /// The platform of the nodes, such as `linux/arm64`, which on a laptop is one. Without a node it is
    /// this machine's.
    pub(super) fn platform(&self) -> String {
        let here = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let node = self.nodes.first();
        format!("linux/{}", node.map_or(here, |node| &node.architecture))
    }

    /// What to do when no image can be brought to the nodes from here.
    pub(super) fn out_of_reach(&self) -> Option<String> {
        let is_reached = |node: &Node| node.access != Access::Status;
        let distribution = self.distribution.name();
        (!self.nodes.iter().any(is_reached)).then(|| {
            format!(
                "no way is known to load images into a node of {distribution}: push them to a registry \
                 that it reaches, or copy a file of `widgetario images save FILE` to each node, and \
                 type `ctr --namespace k8s.io images import FILE` there (k3s: `k3s ctr images import FILE`)"
            )
        })
    }
}

impl Access {
    fn of(distribution: Distribution, node: &Value) -> Self {
        use Distribution as D;
        let name = node["metadata"]["name"].as_str().unwrap_or_default();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match distribution {
            _ if distribution.shares_the_engine(node) => Self::Engine,
            D::DockerDesktopKind | D::Kind | D::K3d => Self::Container,
            D::Minikube => {
                let profile = &node["metadata"]["labels"]["minikube.k8s.io/name"];
                Self::Minikube(text(profile))
            }
            D::RancherDesktop => Self::Nerdctl(words(&["nerdctl"])),
            D::Colima => {
                let profile = name.strip_prefix("colima-").unwrap_or("default");
                Self::Nerdctl(words(&["colima", "--profile", profile, "nerdctl", "--"]))
            }
            D::DockerDesktopKubeadm | D::OrbStack | D::K3s | D::Other => Self::Status,
        }
    }
}

impl Node {
    /// Those images of the node that have one of `names`, or all that it lists. A node that uses the
    /// engine's images has none of its own.
    ///
    /// # Errors
    /// When the node does not answer.
    pub(super) fn images(&self, names: &[&str]) -> anyhow::Result<NodeImages> {
        let node = self.name.as_str();
        let ids = match &self.access {
            Access::Engine => BTreeMap::new(),
            Access::Container => ctr::images(node, &self.architecture, names)?,
            Access::Minikube(profile) => {
                let crictl = ["--", "sudo", "crictl", "images", "--output", "json"];
                let list = [&["--profile", profile, "ssh", "--node", node], &crictl[..]].concat();
                let list = output("minikube", &list)
                    .with_context(|| format!("node {node} does not list its images"))?;
                of_crictl(&serde_json::from_str(&list).context("crictl wrote no JSON")?)
            }
            Access::Nerdctl(words) => of_nerdctl(words, names)?,
            Access::Status => {
                let listed = self.listed.iter();
                listed
                    .map(|name| (canonical(name), Ids::default()))
                    .collect()
            }
        };
        let is_complete = self.access != Access::Status || self.listed.len() < LISTED_AT_MOST;
        Ok(NodeImages { ids, is_complete })
    }
}

/// The images in what `crictl images --output json` writes.
fn of_crictl(list: &Value) -> BTreeMap<String, Ids> {
    let mut images = BTreeMap::new();
    for image in elements(&list["images"]) {
        let texts = |field: &str| elements(&image[field]).filter_map(Value::as_str);
        let digests = texts("repoDigests").filter_map(|name| name.split_once('@'));
        let ids = Ids {
            configurations: image["id"]
                .as_str()
                .map(str::to_owned)
                .into_iter()
                .collect(),
            manifests: digests.map(|(_, digest)| digest.to_owned()).collect(),
        };
        images.extend(texts("repoTags").map(|tag| (canonical(tag), ids.clone())));
    }
    images
}

/// Those of `names` that `nerdctl` finds. It fails when it does not find an image, so it is asked for
/// one at a time.
pub(super) fn of_nerdctl(
    words: &[String],
    names: &[&str],
) -> anyhow::Result<BTreeMap<String, Ids>> {
    let (program, rest) = words.split_first().context("nerdctl has a name")?;
    let mut images = BTreeMap::new();
    for name in names {
        let mut arguments: Vec<&str> = rest.iter().map(String::as_str).collect();
        arguments.extend(KUBERNETES);
        arguments.extend(["image", "inspect", "--mode", "native", name]);
        let inspected = attempt(program, &arguments, None)?;
        if let Ok(found) = serde_json::from_slice::<Value>(&inspected.stdout)
            && let Some(image) = elements(&found).next()
        {
            let digests = |pointers: &[&str]| {
                let digests = pointers
                    .iter()
                    .filter_map(|pointer| image.pointer(pointer)?.as_str());
                digests.map(str::to_owned).collect()
            };
            let ids = Ids {
                configurations: digests(&["/ImageConfigDesc/digest"]),
                manifests: digests(&["/Image/Target/digest", "/ManifestDesc/digest"]),
            };
            images.insert(canonical(name), ids);
        }
    }
    Ok(images)
}

fn listed(node: &Value) -> Vec<String> {
    let images = elements(&node["status"]["images"]);
    let names = images.flat_map(|image| elements(&image["names"]));
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
