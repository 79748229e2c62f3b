//! Which kind of Kubernetes the cluster is: who made it decides where its nodes take images from, and
//! whether its Services answer on localhost.

use serde_json::Value;

use super::kubectl::items;

/// Who made a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// k3s by itself, in none of the tools above.
    K3s,
    /// None of these.
    #[default]
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
        let system = text("/status/nodeInfo/osImage");
        let has_label = |label: &str| node["metadata"]["labels"].get(label).is_some();
        if provider.starts_with("kind://docker/desktop/") || name == "desktop-control-plane" {
            Self::DockerDesktopKind
        } else if provider.starts_with("kind://") {
            Self::Kind
        } else if name == "docker-desktop" && has_engine_runtime(node) {
            Self::DockerDesktopKubeadm
        } else if has_label("minikube.k8s.io/name") {
            Self::Minikube
        } else if name.starts_with("k3d-") {
            Self::K3d
        // On Windows the node has the name of the computer.
        } else if name == "lima-rancher-desktop" || system.starts_with("Rancher Desktop") {
            Self::RancherDesktop
        } else if name == "orbstack" || system == "OrbStack" {
            Self::OrbStack
        } else if name == "colima" || name.starts_with("colima-") {
            Self::Colima
        } else if provider.starts_with("k3s://") {
            Self::K3s
        } else {
            Self::Other
        }
    }

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DockerDesktopKind => "Docker Desktop (kind)",
            Self::DockerDesktopKubeadm => "Docker Desktop (kubeadm)",
            Self::Kind => "kind",
            Self::Minikube => "minikube",
            Self::K3d => "k3d",
            Self::RancherDesktop => "Rancher Desktop",
            Self::OrbStack => "OrbStack",
            Self::Colima => "colima",
            Self::K3s => "k3s",
            Self::Other => "another Kubernetes",
        }
    }

    /// Whether `node`, one of this distribution's, runs its containers in the Docker engine of the
    /// user, and so has each image that the engine has. minikube's Docker is another one, inside
    /// its node.
    pub(crate) fn shares_the_engine(self, node: &Value) -> bool {
        let can_share = matches!(
            self,
            Self::DockerDesktopKubeadm | Self::OrbStack | Self::Colima | Self::RancherDesktop
        );
        can_share && has_engine_runtime(node)
    }
}

/// Whether the container runtime of `node` is a Docker engine.
pub(super) fn has_engine_runtime(node: &Value) -> bool {
    node["status"]["nodeInfo"]["containerRuntimeVersion"]
        .as_str()
        .is_some_and(|runtime| runtime.starts_with("docker://"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CONTAINERD: &str = "containerd://2.1.5-k3s1";

    fn nodes(name: &str, provider: &str, system: &str, runtime: &str) -> Value {
        json!({"items": [{
            "metadata": {"name": name, "labels": {}},
            "spec": {"providerID": provider},
            "status": {"nodeInfo": {"containerRuntimeVersion": runtime, "osImage": system}},
        }]})
    }

    #[test]
    fn distribution_is_told_by_its_first_node() {
        use Distribution as D;
        let desktop = "kind://docker/desktop/desktop-control-plane";
        let kind = "kind://docker/shop/shop-control-plane";
        let docker = "docker://29.4.0";
        let ubuntu = "Ubuntu 24.04.4 LTS";
        let debian = "Debian GNU/Linux 12 (bookworm)";
        let wsl = "Rancher Desktop WSL Distribution";
        for (name, provider, system, runtime, expected) in [
            (
                "desktop-control-plane",
                desktop,
                debian,
                CONTAINERD,
                D::DockerDesktopKind,
            ),
            (
                "desktop-control-plane",
                "",
                debian,
                CONTAINERD,
                D::DockerDesktopKind,
            ),
            (
                "docker-desktop",
                "",
                "Docker Desktop",
                docker,
                D::DockerDesktopKubeadm,
            ),
            ("docker-desktop", "", debian, CONTAINERD, D::Other),
            ("shop-control-plane", kind, debian, CONTAINERD, D::Kind),
            (
                "k3d-shop-server-0",
                "k3s://k3d-shop-server-0",
                "K3s v1.34",
                CONTAINERD,
                D::K3d,
            ),
            (
                "lima-rancher-desktop",
                "k3s://lima-rancher-desktop",
                "Alpine",
                docker,
                D::RancherDesktop,
            ),
            (
                "laptop-4711",
                "k3s://laptop-4711",
                wsl,
                CONTAINERD,
                D::RancherDesktop,
            ),
            ("orbstack", "", "OrbStack", docker, D::OrbStack),
            ("colima", "k3s://colima", ubuntu, docker, D::Colima),
            (
                "colima-shop",
                "k3s://colima-shop",
                ubuntu,
                CONTAINERD,
                D::Colima,
            ),
            ("pi", "k3s://pi", debian, CONTAINERD, D::K3s),
            ("ip-10-0-0-1", "aws:///eu/i-1", ubuntu, CONTAINERD, D::Other),
        ] {
            let nodes = nodes(name, provider, system, runtime);
            assert_eq!(Distribution::of(&nodes), expected, "{name}");
        }
        let mut minikube = nodes("shop", "", ubuntu, docker);
        minikube["items"][0]["metadata"]["labels"]["minikube.k8s.io/name"] = "shop".into();
        assert_eq!(Distribution::of(&minikube), D::Minikube);
        assert_eq!(Distribution::of(&json!({"items": []})), D::Other);
    }

    #[test]
    fn only_a_node_whose_runtime_is_the_users_docker_has_its_images() {
        let node = |runtime| nodes("x", "", "", runtime)["items"][0].clone();
        let (docker, containerd) = (node("docker://29.4.0"), node(CONTAINERD));
        assert!(Distribution::Colima.shares_the_engine(&docker));
        assert!(!Distribution::Colima.shares_the_engine(&containerd));
        assert!(!Distribution::Minikube.shares_the_engine(&docker));
    }
}
