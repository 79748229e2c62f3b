//! The images of a node that is a container, asked of containerd by `ctr`.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::Value;

use super::ids::Ids;
use super::names::canonical;
use crate::cluster::kubectl::{attempt, elements, output};

/// containerd's namespace of the images that Kubernetes uses.
pub(super) const KUBERNETES: [&str; 2] = ["--namespace", "k8s.io"];

/// The images of the node `node`, by their whole names. The digest of the configuration, which is what
/// Docker's classic store knows, is looked up for `names` alone.
///
/// # Errors
/// When the node does not answer.
pub(super) fn images(
    node: &str,
    architecture: &str,
    names: &[&str],
) -> anyhow::Result<BTreeMap<String, Ids>> {
    let list = output("docker", &ctr(node, &["images", "list"])).with_context(|| {
        format!(
            "node {node} does not list its images; `docker context ls` shows whether docker leads to the \
             engine of this cluster"
        )
    })?;
    let mut images = listed(&list);
    for name in names {
        if let Some(ids) = images.get_mut(&canonical(name))
            && ids.configurations.is_empty()
            && let Some(target) = ids.manifests.first()
        {
            let content = |digest: &str| content(node, digest);
            ids.configurations
                .extend(configuration(content, target, architecture));
        }
    }
    Ok(images)
}

/// The images in what `ctr images list` writes: the name, the media type, and the digest of the index
/// or of the manifest. Kubernetes gives an image that is new to it a second name, the digest of its
/// configuration; one that was imported under a name that it knew before has none.
fn listed(list: &str) -> BTreeMap<String, Ids> {
    let rows = list.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_whitespace();
        Some((columns.next()?, columns.nth(1)?))
    });
    let (configurations, names): (Vec<_>, Vec<_>) =
        rows.partition(|(name, _)| name.starts_with("sha256:"));
    let ids = |target: &str| {
        let same = configurations.iter().find(|(_, other)| *other == target);
        Ids {
            configurations: same
                .map(|(name, _)| (*name).to_owned())
                .into_iter()
                .collect(),
            manifests: vec![target.to_owned()],
        }
    };
    let images = names.iter();
    images
        .map(|(name, target)| (canonical(name), ids(target)))
        .collect()
}

/// The digest of the configuration that the manifest `target` names, or the manifest for
/// `architecture` in the index `target`
/// (<https://github.com/opencontainers/image-spec/blob/main/image-index.md>).
fn configuration(
    content: impl Fn(&str) -> Option<Value>,
    target: &str,
    architecture: &str,
) -> Option<String> {
    let mut manifest = content(target)?;
    let of_platform = elements(&manifest["manifests"])
        .find(|manifest| manifest["platform"]["architecture"] == architecture)
        .and_then(|manifest| manifest["digest"].as_str());
    if let Some(digest) = of_platform {
        manifest = content(digest)?;
    }
    manifest["config"]["digest"].as_str().map(str::to_owned)
}

/// An index or a manifest in the store of a node.
fn content(node: &str, digest: &str) -> Option<Value> {
    let content = attempt("docker", &ctr(node, &["content", "get", digest]), None).ok()?;
    serde_json::from_slice(&content.stdout).ok()
}

/// The arguments by which `docker` runs `ctr` in a node.
fn ctr<'a>(node: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["exec", node, "ctr"], &KUBERNETES[..], arguments].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn configuration_is_that_of_the_nodes_platform() {
        let manifest = |digest: &str, architecture: &str| json!({"digest": digest, "platform": {"architecture": architecture}});
        let content = |digest: &str| match digest {
            "index" => Some(json!({"manifests": [manifest("a", "amd64"), manifest("b", "arm64")]})),
            "b" => Some(json!({"config": {"digest": "c"}})),
            _ => None,
        };
        for (target, architecture, expected) in [
            ("index", "arm64", Some("c")),
            ("b", "amd64", Some("c")),
            ("index", "amd64", None),
            ("lost", "arm64", None),
        ] {
            let found = configuration(content, target, architecture);
            assert_eq!(found.as_deref(), expected, "{target} {architecture}");
        }
    }

    #[test]
    fn image_without_a_second_name_is_known_by_its_manifest() {
        let list = "REF TYPE DIGEST SIZE PLATFORMS LABELS\nsha256:c t m1 1 B - -\na/b:1 t m1 1 B - -\nd/e:1 t m2 1 B - -\n";
        let images = listed(list);
        assert_eq!(images["docker.io/a/b:1"].configurations, ["sha256:c"]);
        assert!(images["docker.io/d/e:1"].configurations.is_empty());
        assert_eq!(images["docker.io/d/e:1"].manifests, ["m2"]);
    }
}
