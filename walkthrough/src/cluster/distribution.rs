#![cfg_attr(not(test), expect(dead_code, reason = "for `images` and `preflight`"))]
//! Which kind of Kubernetes the cluster is: who made it decides where its nodes take images from, and
//! whether its Services answer on localhost.

use serde_json::Value;

use super::kubectl::items;

/// Who made a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distribution {
    /// Docker Desktop's cluster, made by kind: nodes with a containerd of their own.
    DockerDesktopKind,
    /// Docker Desktop's cluster, made by kubeadm: one node, which runs in the Docker engine.
    DockerDesktopKubeadm,
    Kind,
    Minikube,
    K3d,
    RancherDesktop,
    OrbStack,
    Colima,
    /// None of these.
    Other,
}

impl Distribution {
    /// The distribution of the cluster that has these `nodes`, a list as `kubectl get nodes` writes it.
    pub(crate) fn of(nodes: &Value) -> Self {
        items(nodes).next().map_or(Self::Other, Self::of_node)
    }

    fn of_node(node: &Value) -> Self {
        let text = |pointer: &str| node.pointer(pointer).and_then(Value::as_str).unwrap_or("");
        let name = text("/metadata/name");
        let provider = text("/spec/providerID");
        let runtime = text("/status/nodeInfo/containerRuntimeVersion");
        let has_label = |label: &str| node["metadata"]["labels"].get(label).is_some();
        if provider.starts_with("kind://docker/desktop/") || name == "desktop-control-plane" {
            Self::DockerDesktopKind
        } else if provider.starts_with("kind://") {
            Self::Kind
        } else if name == "docker-desktop" && runtime.starts_with("docker://") {
            Self::DockerDesktopKubeadm
        } else if has_label("minikube.k8s.io/name") {
            Self::Minikube
        } else if name.starts_with("k3d-") {
            Self::K3d
        } else if name.contains("rancher-desktop") {
            Self::RancherDesktop
        } else if name == "orbstack" {
            Self::OrbStack
        } else if name == "colima" || name.starts_with("colima-") {
            Self::Colima
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(name: &str, provider: &str, runtime: &str) -> Distribution {
        Distribution::of(&json!({"items": [{
            "metadata": {"name": name, "labels": {}},
            "spec": {"providerID": provider},
            "status": {"nodeInfo": {"containerRuntimeVersion": runtime}},
        }]}))
    }

    #[test]
    fn distribution_is_told_by_its_first_node() {
        use Distribution::{Colima, DockerDesktopKind, DockerDesktopKubeadm, K3d, Kind, Other};
        let containerd = "containerd://2.1.3";
        let desktop = "kind://docker/desktop/desktop-control-plane";
        for (found, expected) in [
            (
                node("desktop-control-plane", desktop, containerd),
                DockerDesktopKind,
            ),
            (
                node("docker-desktop", "", "docker://28.5.1"),
                DockerDesktopKubeadm,
            ),
            (
                node(
                    "shop-control-plane",
                    "kind://docker/shop/shop-control-plane",
                    containerd,
                ),
                Kind,
            ),
            (
                node("k3d-shop-server-0", "k3s://k3d-shop-server-0", containerd),
                K3d,
            ),
            (node("colima", "k3s://colima", "docker://28.4.0"), Colima),
            (node("docker-desktop", "", containerd), Other),
        ] {
            assert_eq!(found, expected);
        }
    }
}
