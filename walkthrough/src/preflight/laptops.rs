//! What follows from the kind of cluster, and how each is started, enlarged and upgraded. The table in
//! `docs/kubernetes.md` says the same in more words.

use crate::cluster::distribution::Distribution;

/// Of Docker Desktop; its manual says so of 4.51 and newer.
const DESKTOP_VIEW: &str = "Docker Desktop, Kubernetes (before 4.51: Settings, Kubernetes)";

/// What follows from the kind of cluster: how images get in, whether localhost answers, and what else
/// to know.
pub(super) fn what_follows(distribution: Distribution) -> Vec<&'static str> {
    use Distribution as D;
    const SHARED: &str = "Images: the nodes have those of Docker; nothing to load.";
    const LOADED: &str = "Images: after each build, `widgetario images load`.";
    const BY_ITSELF: &str = "localhost:8010: answers by itself.";
    const K3S_PORT: &str = "localhost:80: k3s' Traefik has it until it is disabled.";
    match distribution {
        D::DockerDesktopKind => vec![
            LOADED,
            "localhost:8010: answers by itself on some machines; where not, the runner opens a \
             port-forward.",
        ],
        D::DockerDesktopKubeadm => vec![SHARED, BY_ITSELF],
        D::Kind => vec![
            LOADED,
            "localhost:8010: the runner opens a port-forward (`cloud-provider-kind` gives Services \
             addresses, on Linux not at localhost).",
        ],
        D::Minikube => vec![
            LOADED,
            "localhost:8010: with Docker as driver on macOS and Windows, while `minikube tunnel` runs; \
             elsewhere the runner opens a port-forward.",
        ],
        D::K3d => vec![
            LOADED,
            "localhost:8010: only if the cluster was made with `--port 8010:8010@loadbalancer`; where \
             not, the runner opens a port-forward.",
            K3S_PORT,
        ],
        D::RancherDesktop => vec![
            "Images: with dockerd (moby) as container engine, nothing to load; with containerd, \
             `widgetario images load`.",
            BY_ITSELF,
            "localhost:80: Preferences, Kubernetes, Enable Traefik must be off.",
        ],
        D::OrbStack => vec![
            SHARED,
            "localhost:8010: where it does not answer, http://shop.k8s.orb.local:8010 does, and the \
             runner opens a port-forward.",
        ],
        D::Colima => vec![
            "Images: with Docker as runtime, nothing to load; with containerd, `widgetario images load`.",
            "localhost:8010: where it does not answer, the runner opens a port-forward.",
        ],
        D::K3s => vec![
            "Images: from a registry, or by `k3s ctr images import FILE` on the node \
             (docs/kubernetes.md).",
            "localhost:8010: answers on the node itself; elsewhere the runner opens a port-forward.",
            K3S_PORT,
        ],
        D::Other => vec![
            "Images: the nodes must get them from a registry, or by hand (docs/kubernetes.md).",
            "localhost:8010: where it does not answer, the runner opens a port-forward.",
        ],
    }
}

/// How to start the cluster of a context that does not answer.
pub(super) fn how_to_start(context: &str) -> String {
    match context.split_once('-') {
        Some(("docker", "desktop")) => {
            format!("start Docker Desktop, and there Kubernetes: {DESKTOP_VIEW}, Create cluster")
        }
        Some(("kind", name)) => format!("`docker start {name}-control-plane`"),
        Some(("k3d", name)) => format!("`k3d cluster start {name}`"),
        Some(("rancher", "desktop")) => "start Rancher Desktop".into(),
        Some(("colima", profile)) => format!("`colima start --kubernetes --profile {profile}`"),
        _ => match context {
            "minikube" => "`minikube start`".into(),
            "orbstack" => "`orb start k8s`".into(),
            "colima" => "`colima start --kubernetes`".into(),
            _ => "start it, or choose another: `kubectl config get-contexts` lists them".into(),
        },
    }
}

/// How to give the cluster's machine more CPUs and memory.
pub(super) fn how_to_grow(distribution: Distribution) -> &'static str {
    use Distribution as D;
    match distribution {
        D::DockerDesktopKind | D::DockerDesktopKubeadm => {
            "Docker Desktop, Settings, Resources (on Windows with WSL 2: `.wslconfig`)"
        }
        D::Kind | D::K3d => {
            "its nodes have what Docker has: in Docker Desktop, Settings, Resources (on Windows with \
             WSL 2: `.wslconfig`)"
        }
        D::Minikube => "`minikube delete`, then `minikube start --cpus 4 --memory 8g`",
        D::RancherDesktop => {
            "Rancher Desktop, Preferences, Virtual Machine, Hardware (on Windows: `.wslconfig`)"
        }
        D::OrbStack => "OrbStack, Settings, System",
        D::Colima => "`colima stop`, then `colima start --kubernetes --cpu 4 --memory 8`",
        D::K3s | D::Other => "take a larger machine, or more nodes",
    }
}

/// How to get a newer Kubernetes.
pub(super) fn how_to_upgrade(distribution: Distribution) -> String {
    use Distribution as D;
    match distribution {
        D::DockerDesktopKind => format!("{DESKTOP_VIEW}, with kind another version can be chosen"),
        D::DockerDesktopKubeadm => "update Docker Desktop, or choose kind in it".into(),
        D::Kind => "update kind, and create the cluster anew".into(),
        D::Minikube => "`minikube start --kubernetes-version=stable`".into(),
        D::K3d => "update k3d, and create the cluster anew".into(),
        D::RancherDesktop => "Rancher Desktop, Preferences, Kubernetes, Version".into(),
        D::OrbStack => "update OrbStack".into(),
        D::Colima => "`colima start --kubernetes --kubernetes-version` with a newer one".into(),
        D::K3s | D::Other => "upgrade it, or take another cluster".into(),
    }
}
