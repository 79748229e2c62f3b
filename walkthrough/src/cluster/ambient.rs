//! Whether Istio's ambient mode runs on a kind of cluster, and with which settings.
//!
//! Ambient needs Istio's CNI agent, which must know where the nodes keep the network's configuration, its
//! programs, and the pods' network namespaces. What each kind demands is from Istio's page of
//! [prerequisites](https://istio.io/latest/docs/ambient/install/platform-prerequisites/), and where that
//! page is silent, from the tool's own source. The table in `docs/kubernetes.md` says the same.

use serde_json::Value;

use super::distribution::{Distribution, has_engine_runtime};
use super::kubectl::items;

/// What is known of ambient on a kind of cluster.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ambient {
    /// It runs when `istioctl install` has these settings, each the value of a `--set`.
    Runs(&'static [&'static str]),
    /// Istio's own installation would break pods or wait in vain: why, and what to do.
    Fails(&'static str),
}

impl Ambient {
    /// Ambient on the cluster that has these `nodes`, a list as `kubectl get nodes` writes it.
    pub(crate) fn on(nodes: &Value) -> Self {
        use Distribution as D;
        let has_docker = items(nodes).any(has_engine_runtime);
        match Distribution::of(nodes) {
            D::DockerDesktopKubeadm => Self::Fails(
                "by public reports Istio's CNI agent does not start on a cluster that Docker Desktop made \
                 with kubeadm, or starts and no new pod does \
                 (https://github.com/istio/istio/issues/47436, \
                 https://github.com/docker/desktop-feedback/issues/599); create the cluster anew with kind, \
                 in Docker Desktop, Kubernetes, or take another cluster",
            ),
            D::OrbStack => Self::Fails(
                "Istio's CNI agent does not find OrbStack's network by itself \
                 (https://github.com/orbstack/orbstack/issues/1197); type `istioctl install --set \
                 profile=demo -y -f istio/demo7/ambient-install/mesh.yaml --set values.cni.cniConfDir=… \
                 --set values.cni.cniBinDir=…` with the two folders that https://docs.orbstack.dev/kubernetes \
                 names, or take another cluster",
            ),
            D::K3d => Self::Runs(&["values.global.platform=k3d"]),
            D::K3s => Self::Runs(&["values.global.platform=k3s"]),
            // Its k3s runs Docker with the folders of k3s. Its containerd has the usual ones.
            D::Colima if has_docker => Self::Runs(&["values.global.platform=k3s"]),
            // Its k3s has a runtime of its own, and so do the programs of the network:
            // https://github.com/rancher-sandbox/rancher-desktop/issues/6170.
            D::RancherDesktop => Self::Runs(&["values.cni.cniBinDir=/usr/libexec/cni"]),
            // With containerd, minikube's default from 1.39 on, network namespaces are where Istio
            // expects them.
            D::Minikube if has_docker => Self::Runs(&["values.global.platform=minikube"]),
            D::DockerDesktopKind | D::Kind | D::Colima | D::Minikube | D::Other => Self::Runs(&[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn on(name: &str, provider: &str, runtime: &str) -> Ambient {
        let labels = match name {
            "minikube" => json!({ "minikube.k8s.io/name": "minikube" }),
            _ => json!({}),
        };
        Ambient::on(&json!({ "items": [{
            "metadata": { "name": name, "labels": labels },
            "spec": { "providerID": provider },
            "status": { "nodeInfo": { "containerRuntimeVersion": runtime } },
        }] }))
    }

    #[test]
    fn docker_desktops_kubeadm_is_refused_and_its_kind_is_not() {
        let Ambient::Fails(because) = on("docker-desktop", "", "docker://29.4.0") else {
            panic!("ambient is said to run");
        };
        assert!(because.contains("kind"), "{because}");
        let kind = on("desktop-control-plane", "", "containerd://2.1.5");
        assert_eq!(kind, Ambient::Runs(&[]));
    }

    #[test]
    fn what_keeps_its_network_elsewhere_gets_istios_settings_for_it() {
        let (docker, containerd) = ("docker://29.4.0", "containerd://2.1.5-k3s1");
        for (name, provider, runtime, settings) in [
            ("k3d-shop-server-0", "k3s://k3d", containerd, "k3d"),
            ("pi", "k3s://pi", containerd, "k3s"),
            ("colima", "k3s://colima", docker, "k3s"),
            ("minikube", "", docker, "minikube"),
        ] {
            let Ambient::Runs(&[setting]) = on(name, provider, runtime) else {
                panic!("{name} has not one setting");
            };
            let platform = setting.strip_prefix("values.global.platform=");
            assert_eq!(platform, Some(settings), "{name}");
        }
        for name in ["colima", "minikube", "shop-control-plane", "ip-10-0-0-1"] {
            assert_eq!(on(name, "", containerd), Ambient::Runs(&[]), "{name}");
        }
    }
}
