//! Which images the walkthrough needs, read from the manifests and the documents that use them.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::cluster::kubectl::elements;
use crate::cluster::manifests;
use crate::documents::{Documents, Stage};
pub use crate::repository::LOCAL;
use crate::repository::{REGISTRY, checkout};

/// The shop's own images, without registry and tag.
pub const NAMES: [&str; 4] = ["web", "products-api", "stock-api", "products-db"];

/// The shop's own images, such as `widgetario.invalid/web:0.1.0`: those that the manifests of a
/// checkout name or, without a checkout in or above the current folder, those of this program.
pub fn shop() -> [String; 4] {
    let manifests = manifests();
    NAMES.map(|name| {
        let images = manifests.lines();
        let mut images = images.filter_map(|line| line.trim().strip_prefix("image: "));
        let named = images.find(|image| is_called(image, name));
        let own = || format!("{REGISTRY}/{name}:{}", env!("CARGO_PKG_VERSION"));
        named.map_or_else(own, str::to_owned)
    })
}

/// Whether an image has this name, before its tag or digest.
fn is_called(image: &str, name: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split([':', '@']).next() == Some(name)
}

/// Whether the shop's images are made on this machine, rather than published.
pub(crate) fn are_built_here() -> bool {
    shop().iter().all(|image| is_built_here(image))
}

fn is_built_here(image: &str) -> bool {
    image.starts_with(&format!("{LOCAL}/"))
}

/// The text of the shop's manifests in the checkout; none without one.
fn manifests() -> String {
    let folder = checkout().map(|root| root.join("k8s"));
    let files = folder.and_then(|folder| fs::read_dir(folder).ok());
    let texts = files.into_iter().flatten().flatten();
    texts
        .filter_map(|file| fs::read_to_string(file.path()).ok())
        .collect()
}

/// An image that the walkthrough needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needed {
    /// As the manifest or the command writes it.
    pub(super) name: String,
    pub(super) user: User,
}

/// Who needs an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    /// The shop, whose images are made on this machine.
    Shop,
    /// Other pods.
    Pods,
    /// A `docker run` of a document: no node needs it.
    Docker,
}

impl Needed {
    fn new(name: impl Into<String>, user: User) -> Self {
        let name = name.into();
        Self { name, user }
    }

    /// Whether it is made on this machine.
    pub(super) fn is_of_the_shop(&self) -> bool {
        self.user == User::Shop
    }
}

/// The shop's own images.
pub(super) fn of_the_shop() -> Vec<Needed> {
    let images = shop().into_iter();
    let needed = images.map(|name| {
        let user = if is_built_here(&name) {
            User::Shop
        } else {
            User::Pods
        };
        Needed::new(name, user)
    });
    needed.collect()
}

/// All images, each once: the shop's, those of `istio`, those of the other manifests, and those that a command
/// of a document starts in Docker.
///
/// # Errors
/// When a document or a manifest cannot be read.
pub(super) fn of_the_walkthrough(istio: &BTreeSet<String>) -> anyhow::Result<Vec<Needed>> {
    let documents = Documents::open()?;
    let objects = manifests::ever_applied(&documents.root, &documents.stages)?;
    let of_pods = istio
        .iter()
        .map(String::as_str)
        .chain(objects.iter().flat_map(of_object));
    let commands = documents.stages.iter().flat_map(Stage::commands);
    let of_docker = commands.filter_map(|line| started(line));
    let mut needed = of_the_shop();
    needed.extend(of_pods.map(|name| Needed::new(name, User::Pods)));
    needed.extend(of_docker.map(|name| Needed::new(name, User::Docker)));
    let mut known = BTreeSet::new();
    needed.retain(|image| known.insert(canonical(&image.name)));
    Ok(needed)
}

/// The images of an object's pods; none when it makes no pods.
fn of_object(object: &Value) -> impl Iterator<Item = &str> {
    let template = object.pointer("/spec/template/spec");
    let pod = template.unwrap_or(&object["spec"]);
    let kinds = ["initContainers", "containers"].into_iter();
    let containers = kinds.flat_map(|kind| elements(&pod[kind]));
    containers.filter_map(|container| container["image"].as_str())
}

/// The image that a command starts in Docker: the first word after `run` that has the form of one. The
/// words of a port or of a volume have not.
fn started(line: &[String]) -> Option<&str> {
    let mut words = line.iter().map(String::as_str);
    words.next().filter(|program| *program == "docker")?;
    words.find(|word| *word == "run")?;
    words.find(|word| {
        let is_path = word.starts_with(['-', '/', '.']);
        !is_path && word.contains('/') && word.contains(':')
    })
}

/// The whole name of an image, such as `docker.io/library/busybox:1.37.0`: what a node calls the
/// image that Docker calls `busybox:1.37.0`
/// (<https://pkg.go.dev/github.com/distribution/reference#ParseNormalizedNamed>).
pub(super) fn canonical(name: &str) -> String {
    match name.split_once('/') {
        Some((registry, _)) if registry.contains(['.', ':']) || registry == "localhost" => {
            name.to_owned()
        }
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_whole_when_it_has_a_registry() {
        for (name, whole) in [
            ("busybox:1.37.0", "docker.io/library/busybox:1.37.0"),
            ("fortio/fortio:1", "docker.io/fortio/fortio:1"),
            ("quay.io/kiali/kiali:v2", "quay.io/kiali/kiali:v2"),
            ("localhost:5000/web:1", "localhost:5000/web:1"),
        ] {
            assert_eq!(canonical(name), whole);
        }
    }

    #[test]
    fn started_image_is_told_from_the_other_words_of_its_command() {
        let line = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let load = line("docker container run --rm -p 80:80 -v /a:/b a/b:1 load http://c/");
        assert_eq!(started(&load), Some("a/b:1"));
        assert_eq!(started(&line("docker compose build")), None);
        assert_eq!(started(&line("kubectl run --image a/b:1")), None);
    }

    #[test]
    fn walkthrough_needs_the_images_of_its_manifests_and_of_its_commands() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let documents = Documents::at(root.into()).expect("the documents");
        let objects =
            manifests::ever_applied(&documents.root, &documents.stages).expect("manifests");
        let of_pods: Vec<&str> = objects.iter().flat_map(of_object).collect();
        let commands = documents.stages.iter().flat_map(Stage::commands);
        let of_docker: Vec<&str> = commands.filter_map(|line| started(line)).collect();
        let has = |names: &[&str], part: &str| names.iter().any(|name| name.contains(part));
        for part in [
            "/prometheus:",
            "/jaeger:",
            "/kiali:",
            "/grafana:",
            "busybox:",
        ] {
            assert!(has(&of_pods, part), "{part} in {of_pods:?}");
        }
        for name in shop() {
            assert!(has(&of_pods, &name), "{name} in {of_pods:?}");
        }
        assert!(has(&of_docker, "fortio/fortio:"), "{of_docker:?}");
    }
}
