//! Whether another mesh is in the way.

use serde_json::Value;

use super::Finding;
use super::cluster::Cluster;
use crate::cluster::MESH;
use crate::cluster::kubectl::{get, items};
use crate::cluster::mesh::ambient_namespaces;

/// The workloads by which other meshes are known: the name, which may be a part of a longer one, and
/// what people call the mesh.
const OTHERS: [(&str, &str); 4] = [
    ("linkerd-destination", "Linkerd"),
    ("consul-connect-injector", "Consul"),
    ("kuma-control-plane", "Kuma"),
    ("osm-controller", "Open Service Mesh"),
];

/// There is no mesh, or Istio as demo 1 installs it.
pub(super) fn check(_: &Cluster) -> anyhow::Result<Finding> {
    let workloads = get(&["deployments,daemonsets", "-A"])?;
    Ok(judge(&workloads, &ambient_namespaces()?))
}

/// Judges by the cluster's `workloads`, and by the namespaces that are in an `ambient` mesh.
fn judge(workloads: &Value, ambient: &[String]) -> Finding {
    let mut found = "none yet".to_owned();
    for workload in items(workloads) {
        let text = |pointer: &str| {
            workload
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or("")
        };
        let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
        if let Some((_, mesh)) = OTHERS.iter().find(|(known, _)| name.contains(known)) {
            return Finding::Mend(format!(
                "{mesh} is in the namespace {namespace}: uninstall it, or take another cluster"
            ));
        }
        let revision = text("/metadata/labels/istio.io~1rev");
        match text("/metadata/labels/app") {
            "istiod" if namespace != MESH => {
                return Finding::Mend(format!(
                    "Istio is in the namespace {namespace}, not in {MESH}: uninstall it, or take \
                     another cluster"
                ));
            }
            "istiod" if !["", "default"].contains(&revision) => {
                return Finding::Mend(format!(
                    "Istio is there in the revision {revision}, and demo 1 installs the default one: \
                     `istioctl uninstall --revision {revision}`"
                ));
            }
            "istiod" => found = "Istio, where demo 1 installs it".into(),
            _ => {}
        }
    }
    if !ambient.is_empty() {
        let namespaces = ambient.join(", ");
        let what = "; its ztunnel carries the traffic of other namespaces";
        let then = "so it stays, and demos 1 to 6 do not install Istio";
        found = format!("{found}{what} ({namespaces}), {then}");
    }
    let is_cilium = |workload: &Value| workload["metadata"]["labels"]["k8s-app"] == "cilium";
    if items(workloads).any(is_cilium) {
        found.push_str(
            "; Cilium is the network: with its own proxies for services, Istio needs its \
            `socketLB.hostNamespaceOnly=true`",
        );
    }
    Finding::Fine(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(name: &str, namespace: &str, labels: &Value) -> Result<String, String> {
        let workload =
            json!({ "metadata": { "name": name, "namespace": namespace, "labels": labels } });
        match judge(&json!({ "items": [workload] }), &[]) {
            Finding::Fine(text) => Ok(text),
            Finding::Later(text) | Finding::Mend(text) => Err(text),
        }
    }

    #[test]
    fn only_istio_where_demo_1_installs_it_is_no_obstacle() {
        let istiod = |revision: &str| json!({ "app": "istiod", "istio.io/rev": revision });
        assert!(found("istiod", MESH, &istiod("default")).is_ok());
        assert!(found("web", "shop", &json!({})).is_ok());
        assert!(found("ztunnel", MESH, &json!({ "app": "ztunnel" })).is_ok());
        for (name, namespace, labels, remedy) in [
            ("istiod", "mesh", istiod("default"), "not in istio-system"),
            (
                "istiod-canary",
                MESH,
                istiod("canary"),
                "uninstall --revision canary",
            ),
            (
                "linkerd-destination",
                "linkerd",
                json!({}),
                "Linkerd is in the namespace linkerd",
            ),
            (
                "hashicorp-consul-connect-injector",
                "consul",
                json!({}),
                "Consul",
            ),
            ("kuma-control-plane", "kuma-system", json!({}), "Kuma"),
        ] {
            let text = found(name, namespace, &labels).expect_err(name);
            assert!(text.contains(remedy), "{text}");
        }
        assert!(
            found("cilium", "kube-system", &json!({ "k8s-app": "cilium" }))
                .is_ok_and(|text| text.contains("socketLB"))
        );
    }

    #[test]
    fn ambient_mesh_of_other_namespaces_is_no_obstacle_and_stays() {
        let istiod = json!({ "metadata": {
            "name": "istiod", "namespace": MESH, "labels": { "app": "istiod" },
        } });
        let Finding::Fine(text) = judge(&json!({ "items": [istiod] }), &["bank".to_owned()]) else {
            panic!("it is an obstacle");
        };
        assert!(
            text.contains("other namespaces (bank), so it stays"),
            "{text}"
        );
    }
}
