//! Which workloads have pods with another sidecar than a new pod gets: with none, because they are
//! older than the mesh, or with one of another revision of the mesh, or of other settings.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::kubectl::{elements, kubectl_with};
use super::{SHOP, pods};

/// A sidecar: its image, the revision of the mesh that injected it, and the settings that the mesh had then.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sidecar {
    pub(crate) image: String,
    revision: String,
    /// The `defaultConfig` of the mesh: in an ambient one a sidecar also speaks ztunnel's protocol.
    settings: String,
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
            settings: elements(&proxy["env"])
                .find(|variable| variable["name"] == "PROXY_CONFIG")
                .map(|variable| text(&variable["value"]))
                .unwrap_or_default(),
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
    let outdated = pods.iter().filter(|pod| is_outdated(pod, wanted.as_ref()));
    Ok(outdated.filter_map(workload).collect())
}

/// Whether a pod has another sidecar than a new pod would get: the one that is `wanted`, unless its own
/// label says that it gets none.
fn is_outdated(pod: &Value, wanted: Option<&Sidecar>) -> bool {
    let gets_one = pod["metadata"]["labels"]["sidecar.istio.io/inject"] != "false";
    Sidecar::of(pod).as_ref() != wanted.filter(|_| gets_one)
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
    fn pod_is_outdated_when_a_new_one_gets_another_sidecar_or_none() {
        let pod = |label: &str, image: Option<&str>| {
            let proxy = image.map(|image| json!({ "name": "istio-proxy", "image": image }));
            json!({ "metadata": { "labels": { "sidecar.istio.io/inject": label } },
                "spec": { "containers": proxy.into_iter().collect::<Vec<_>>() } })
        };
        let wanted = Sidecar::of(&pod("", Some("new")));
        let is_outdated = |label, image, wanted| is_outdated(&pod(label, image), wanted);
        assert!(!is_outdated("", Some("new"), wanted.as_ref()));
        assert!(is_outdated("", Some("old"), wanted.as_ref()));
        assert!(is_outdated("", None, wanted.as_ref()));
        assert!(!is_outdated("false", None, wanted.as_ref()));
        assert!(is_outdated("false", Some("new"), wanted.as_ref()));
        assert!(is_outdated("", Some("new"), None));
        assert!(!is_outdated("", None, None));
    }

    #[test]
    fn sidecar_from_before_a_change_of_the_meshs_settings_is_another_one() {
        let sidecar = |settings: &str| {
            let variables = json!([{ "name": "PROXY_CONFIG", "value": settings }]);
            let proxy = json!({ "name": "istio-proxy", "image": "proxyv2:1.31", "env": variables });
            Sidecar::of(&json!({ "spec": { "initContainers": [proxy] } }))
        };
        let hbone = r#"{"proxyMetadata":{"ISTIO_META_ENABLE_HBONE":"true"}}"#;
        assert_eq!(sidecar(hbone), sidecar(hbone));
        assert_ne!(sidecar(hbone), sidecar("{}"));
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
