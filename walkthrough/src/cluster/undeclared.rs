//! Objects in the cluster that no document applied, and that can change the shop's traffic.
//!
//! The cluster itself says which kinds of objects there are: a list in this file would become
//! outdated.

use anyhow::Context;
use serde_json::Value;

use super::kubectl::{attempt, get, items};
use super::manifests::{is_same, name};
use super::{MESH, SHOP};

/// Kinds that Kubernetes writes for itself, or that repeat another kind.
const INTERNAL: [&str; 3] = ["endpoints", "events", "leases"];

/// A line for each object that no document has `declared`, if it is in the shop's namespace, or
/// configures the mesh and can affect the shop.
///
/// # Errors
/// When the cluster cannot be asked.
pub(super) fn objects(declared: &[Value]) -> anyhow::Result<Vec<String>> {
    let kinds = kinds()?;
    let mut found = Vec::new();
    if declared
        .iter()
        .any(|object| object["metadata"]["namespace"] == SHOP)
    {
        let list = get(&[&kinds.join(","), "-n", SHOP])?;
        found.extend(items(&list).filter(|object| !is_made_here(object)).cloned());
    }
    let mesh_kinds: Vec<&str> = kinds
        .iter()
        .map(String::as_str)
        .filter(|kind| is_mesh_kind(kind))
        .collect();
    if !mesh_kinds.is_empty() {
        let list = get(&[&mesh_kinds.join(","), "-A"])?;
        let affecting = items(&list).filter(|object| affects_the_shop(object));
        found.extend(affecting.cloned());
    }
    found.retain(|object| !declared.iter().any(|known| is_same(known, object)));
    let lines = found
        .iter()
        .map(|object| format!("{} is in no document", name(object)));
    Ok(lines.collect())
}

/// The kinds of objects that namespaces hold, each as `virtualservices.networking.istio.io`.
fn kinds() -> anyhow::Result<Vec<String>> {
    let arguments = [
        "api-resources",
        "--namespaced",
        "--verbs=list",
        "--output=name",
    ];
    // When an extension of the API server is down, kubectl fails, but lists the other kinds.
    let listed = attempt("kubectl", &arguments, None)?.stdout;
    let listed = String::from_utf8_lossy(&listed);
    let is_kept = |kind: &&str| {
        let (name, group) = kind.split_once('.').unwrap_or((kind, ""));
        !INTERNAL.contains(&name) && group != "metrics.k8s.io"
    };
    let kinds: Vec<String> = listed.lines().filter(is_kept).map(str::to_owned).collect();
    (!kinds.is_empty())
        .then_some(kinds)
        .context("kubectl cannot tell which kinds of objects there are")
}

/// Whether objects of a kind configure the mesh.
fn is_mesh_kind(kind: &str) -> bool {
    let group = kind.split_once('.').map_or("", |(_, group)| group);
    group.ends_with(".istio.io") || group == "gateway.networking.k8s.io"
}

/// Whether the cluster itself made an object of the shop's namespace.
fn is_made_here(object: &Value) -> bool {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let has_owner = object["metadata"]["ownerReferences"].is_array();
    has_owner
        || match object["kind"].as_str() {
            Some("ConfigMap") => name == "kube-root-ca.crt" || name.starts_with("istio-ca-"),
            Some("ServiceAccount") => name == "default",
            // Made for a StatefulSet, the claim stays when that is deleted, with the data of what
            // was sold.
            Some("PersistentVolumeClaim") => name.starts_with("data-products-db-"),
            _ => false,
        }
}

/// Whether an object of the mesh, outside of the shop's namespace, is for the whole mesh, or names
/// the shop. Objects that `istioctl install` made do not count.
fn affects_the_shop(object: &Value) -> bool {
    let metadata = &object["metadata"];
    match metadata["namespace"].as_str() {
        Some(SHOP) => false,
        Some(MESH) => metadata["labels"]["install.operator.istio.io/owning-resource"].is_null(),
        _ => object["spec"].to_string().contains(SHOP),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn policy_for_the_whole_mesh_and_route_that_names_the_shop_are_undeclared() {
        let object = |namespace: &str, host: &str| json!({ "metadata": { "name": "x", "namespace": namespace }, "spec": { "hosts": [host] } });
        assert!(affects_the_shop(&object(MESH, "elsewhere")));
        assert!(affects_the_shop(&object(
            "default",
            "web.widgetario.svc.cluster.local"
        )));
        assert!(!affects_the_shop(&object("default", "reviews")));
    }

    #[test]
    fn pod_of_a_deployment_is_made_here_and_a_bare_one_is_not() {
        let owned =
            json!({ "kind": "Pod", "metadata": { "name": "web-1", "ownerReferences": [{}] } });
        assert!(is_made_here(&owned));
        assert!(!is_made_here(
            &json!({ "kind": "Pod", "metadata": { "name": "web-1" } })
        ));
    }
}
