//! Which workloads have pods with another sidecar than a new pod gets: with none, because they are
//! older than the mesh, or with one of another revision of the mesh.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::kubectl::kubectl_with;
use super::{SHOP, pods};

/// A sidecar: its image and the revision of the mesh that injected it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sidecar {
    pub(crate) image: String,
    revision: String,
}

impl Sidecar {
    /// The sidecar of a pod, if it has one.
    pub(crate) fn of(pod: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let containers = ["containers", "initContainers"];
        let mut containers = containers
            .iter()
            .filter_map(|kind| pod["spec"][kind].as_array())
            .flatten();
        let proxy = containers.find(|container| container["name"] == "istio-proxy")?;
        Some(Self {
            image: text(&proxy["image"]),
            revision: text(&pod["metadata"]["annotations"]["istio.io/rev"]),
        })
    }

    /// The sidecar that a new pod of the shop gets. A dry run asks the mesh for it, so no pod is
    /// made.
    ///
    /// # Errors
    /// When the cluster refuses the pod.
    pub(crate) fn of_a_new_pod() -> anyhow::Result<Option<Self>> {
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": "widgetario-sidecar", "namespace": SHOP },
            "spec": { "containers": [{ "name": "web", "image": "web" }] },
        });
        let arguments = ["create", "--dry-run=server", "--output=json", "-f", "-"];
        let pod = kubectl_with(&pod, &arguments)?;
        Ok(Self::of(&serde_json::from_str(&pod)?))
    }
}

/// The workloads of the shop, such as `deployment/web`, with a pod whose sidecar is not the one that a
/// new pod gets.
///
/// # Errors
/// When the cluster cannot be asked.
pub(super) fn outdated() -> anyhow::Result<BTreeSet<String>> {
    let pods = pods::running()?;
    if pods.is_empty() {
        return Ok(BTreeSet::new());
    }
    let wanted = Sidecar::of_a_new_pod()?;
    let others = pods.iter().filter(|pod| Sidecar::of(pod) != wanted);
    Ok(others.filter_map(workload).collect())
}

/// The `Deployment` or `StatefulSet` whose restart replaces the pod.
pub(crate) fn workload(pod: &Value) -> Option<String> {
    let owner = &pod["metadata"]["ownerReferences"][0];
    let name = owner["name"].as_str()?;
    match owner["kind"].as_str()? {
        "StatefulSet" => Some(format!("statefulset/{name}")),
        "ReplicaSet" => {
            let hash = pod["metadata"]["labels"]["pod-template-hash"].as_str()?;
            let name = name.strip_suffix(hash)?.strip_suffix('-')?;
            Some(format!("deployment/{name}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidecar_is_found_among_either_kind_of_containers() {
        let proxy = json!([{ "name": "istio-proxy", "image": "proxyv2:1.31" }]);
        for kind in ["containers", "initContainers"] {
            let pod = json!({ "spec": { kind: proxy } });
            assert_eq!(Sidecar::of(&pod).expect("a sidecar").image, "proxyv2:1.31");
        }
        assert_eq!(
            Sidecar::of(&json!({ "spec": { "containers": [{ "name": "web" }] } })),
            None
        );
    }

    #[test]
    fn pods_workload_is_what_a_restart_names() {
        let web = json!({ "metadata": {
            "labels": { "pod-template-hash": "5d87" },
            "ownerReferences": [{ "kind": "ReplicaSet", "name": "web-5d87" }],
        } });
        assert_eq!(workload(&web).as_deref(), Some("deployment/web"));
    }
}
