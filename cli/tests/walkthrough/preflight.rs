//! What `preflight` says of each kind of cluster. Scripts stand in for kubectl and istioctl, and answer
//! as the real ones do of such a cluster: its list of nodes, cut down to the fields that are read.

use std::fs;

use serde_json::{Value, json};

use crate::cluster::{away, on, program};

/// A node as `kubectl get node --output=json` writes it.
fn node(name: &str, provider: &str, system: &str, runtime: &str) -> Value {
    let images = ["web", "products-api", "stock-api", "products-db"];
    let version = env!("CARGO_PKG_VERSION");
    let images =
        images.map(|image| json!({ "names": [format!("widgetario.invalid/{image}:{version}")] }));
    json!({
        "metadata": { "name": name, "labels": {} },
        "spec": { "providerID": provider },
        "status": {
            "capacity": { "cpu": "4", "memory": "8025000Ki" },
            "conditions": [{ "type": "Ready", "status": "True", "message": "kubelet is posting ready status" }],
            "images": images,
            "nodeInfo": {
                "bootID": "5c3b8e3a", "machineID": name, "systemUUID": name,
                "kubeletVersion": "v1.34.1", "osImage": system, "containerRuntimeVersion": runtime,
            },
        },
    })
}

/// What `preflight` writes of a cluster with these `nodes`, and an istioctl of this version.
fn preflight(context: &str, nodes: &[Value], istioctl: &str) -> String {
    let cluster = away(context);
    let path = cluster.path().display();
    fs::write(
        cluster.path().join("nodes"),
        json!({ "items": nodes }).to_string(),
    )
    .unwrap();
    let kubectl = format!(
        "#!/bin/sh\ncase \"$*\" in\n\"config current-context\") echo {context};;\n\
         *\" nodes\"*) /bin/cat {path}/nodes;;\n*deployments*|*\" namespaces \"*|*\" pods \"*) echo '{{\"items\":[]}}';;\n\
         *) echo 'not found' >&2; exit 1;;\nesac\n"
    );
    program(cluster.path(), "kubectl", &kubectl);
    let version = json!({ "clientVersion": { "version": istioctl } });
    let istioctl = format!("#!/bin/sh\ncase \"$*\" in\nversion*) echo '{version}';;\nesac\n");
    program(cluster.path(), "istioctl", &istioctl);
    String::from_utf8(on(cluster.path(), &["preflight"]).stdout).unwrap()
}

/// The line of a check.
fn line<'a>(text: &'a str, check: &str) -> &'a str {
    text.lines().find(|line| line.contains(check)).expect(text)
}

const CONTAINERD: &str = "containerd://2.1.5";
const DOCKER: &str = "docker://29.4.0";

#[test]
fn each_kind_of_cluster_is_named_with_what_follows() {
    let desktop = "kind://docker/desktop/desktop-control-plane";
    for (context, node, name, follows) in [
        (
            "docker-desktop",
            node(
                "desktop-control-plane",
                desktop,
                "Debian GNU/Linux 12",
                CONTAINERD,
            ),
            "Docker Desktop (kind)",
            "answers by itself on some machines",
        ),
        (
            "docker-desktop",
            node("docker-desktop", "", "Docker Desktop", DOCKER),
            "Docker Desktop (kubeadm)",
            "nothing to load",
        ),
        (
            "kind-shop",
            node(
                "shop-control-plane",
                "kind://docker/shop/shop-control-plane",
                "Debian",
                CONTAINERD,
            ),
            "kind,",
            "the runner opens a port-forward",
        ),
        (
            "k3d-shop",
            node(
                "k3d-shop-server-0",
                "k3s://k3d-shop-server-0",
                "K3s v1.34.1+k3s1",
                CONTAINERD,
            ),
            "k3d,",
            "8010:8010@loadbalancer",
        ),
        (
            "rancher-desktop",
            node(
                "lima-rancher-desktop",
                "k3s://lima-rancher-desktop",
                "Alpine",
                DOCKER,
            ),
            "Rancher Desktop,",
            "Enable Traefik must be off",
        ),
        (
            "orbstack",
            node("orbstack", "", "OrbStack", DOCKER),
            "OrbStack,",
            "k8s.orb.local:8010",
        ),
        (
            "colima",
            node("colima", "k3s://colima", "Ubuntu 24.04.4 LTS", CONTAINERD),
            "colima,",
            "with containerd, `widgetario images load`",
        ),
        (
            "production",
            node("ip-10-0-0-1", "aws:///eu/i-1", "Ubuntu", CONTAINERD),
            "another Kubernetes",
            "from a registry",
        ),
    ] {
        let text = preflight(context, &[node], "1.31.2");
        let cluster = line(&text, "kubectl reaches a cluster");
        assert!(
            cluster.starts_with("  ok ") && cluster.contains(name),
            "{text}"
        );
        assert!(text.contains(follows), "{text}");
        let network = line(&text, "enforces NetworkPolicies");
        assert!(network.starts_with("  -  "), "{text}");
    }
}

#[test]
fn minikube_is_known_by_its_label_whatever_its_profile_is_called() {
    let mut node = node("shop", "", "Ubuntu 22.04", DOCKER);
    node["metadata"]["labels"]["minikube.k8s.io/name"] = "shop".into();
    let text = preflight("shop", &[node], "1.31.2");
    assert!(
        line(&text, "kubectl reaches a cluster").contains("minikube"),
        "{text}"
    );
    assert!(text.contains("`minikube tunnel`"), "{text}");
}

#[test]
fn nodes_of_one_machine_are_not_summed() {
    let worker = |name: &str| node(name, "kind://docker/desktop/x", "Debian", CONTAINERD);
    let mut nodes = [worker("desktop-control-plane"), worker("desktop-worker")];
    let text = preflight("docker-desktop", &nodes, "1.31.2");
    assert!(
        line(&text, "large enough").contains("4 CPUs, 7.7 GiB"),
        "{text}"
    );
    for node in &mut nodes {
        node["status"]["capacity"]["cpu"] = "2".into();
    }
    let text = preflight("docker-desktop", &nodes, "1.31.2");
    let small = line(&text, "large enough");
    assert!(
        small.starts_with("  MEND") && small.contains("2 CPUs"),
        "{text}"
    );
    assert!(small.contains("Settings, Resources"), "{text}");
}

#[test]
fn each_node_must_have_the_images() {
    let mut nodes = ["one", "two"].map(|name| node(name, "aws:///eu/i", "Ubuntu", CONTAINERD));
    let text = preflight("production", &nodes, "1.31.2");
    let images = line(&text, "images are in every node");
    assert!(images.starts_with("  ok "), "{text}");
    nodes[1]["status"]["images"] = json!([]);
    let text = preflight("production", &nodes, "1.31.2");
    let images = line(&text, "images are in every node");
    assert!(images.starts_with("  MEND"), "{text}");
    assert!(images.contains("missing in a node"), "{text}");
}

#[test]
fn node_that_is_not_ready_is_named_with_its_reason() {
    let mut node = node("docker-desktop", "", "Docker Desktop", DOCKER);
    node["status"]["conditions"][0]["status"] = "False".into();
    node["status"]["conditions"][0]["message"] = "container runtime is down".into();
    let text = preflight("docker-desktop", &[node], "1.31.2");
    let cluster = line(&text, "kubectl reaches a cluster");
    assert!(
        cluster.contains("docker-desktop is not ready (container runtime is down)"),
        "{text}"
    );
}

#[test]
fn versions_are_judged_by_istios_table() {
    for (kubernetes, istioctl, check, expected) in [
        (
            "v1.30.14",
            "1.31.2",
            "kubectl reaches",
            "needs Kubernetes 1.31 or newer",
        ),
        (
            "v1.31.9",
            "1.31.2",
            "Istio supports",
            "supports Kubernetes 1.32 to 1.36, and this is 1.31",
        ),
        ("v1.34.1", "1.31.2", "Istio supports", "  ok "),
        ("v1.38.0", "1.31.2", "Istio supports", "  ok "),
        (
            "v1.38.0",
            "1.31.2",
            "Istio supports",
            "tested on Kubernetes 1.32 to 1.36; yours is newer",
        ),
        (
            "v1.34.1",
            "1.33.0",
            "Istio supports",
            "yours is newer (Istio 1.33.0",
        ),
        (
            "v1.34.1",
            "1.30.3",
            "istioctl is installed",
            "1.30.3 is older than 1.31",
        ),
    ] {
        let mut node = node("docker-desktop", "", "Docker Desktop", DOCKER);
        node["status"]["nodeInfo"]["kubeletVersion"] = kubernetes.into();
        let text = preflight("docker-desktop", &[node], istioctl);
        assert!(
            line(&text, check).contains(expected),
            "{kubernetes} {istioctl}: {text}"
        );
    }
}

#[test]
fn cluster_that_does_not_answer_is_one_line_that_says_how_to_start_it() {
    for (context, remedy) in [
        (
            "docker-desktop",
            "Kubernetes (before 4.51: Settings, Kubernetes), Create cluster",
        ),
        ("kind-shop", "`docker start shop-control-plane`"),
        ("k3d-shop", "`k3d cluster start shop`"),
        ("minikube", "`minikube start`"),
        ("orbstack", "`orb start k8s`"),
        ("colima-shop", "`colima start --kubernetes --profile shop`"),
    ] {
        let cluster = away(context);
        let output = on(cluster.path(), &["preflight"]);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stdout).unwrap();
        let reached = line(&text, "kubectl reaches a cluster");
        assert!(
            reached.starts_with("  MEND") && reached.contains(remedy),
            "{text}"
        );
        assert!(
            line(&text, "istioctl is installed").contains("install it"),
            "{text}"
        );
        assert!(text.contains("localhost:8010 is free"), "{text}");
    }
}
