//! What is in the cluster although no document applied it, and can change the shop's traffic.
//!
//! Which kinds there are is the cluster's own word: a list of ours would age.

use anyhow::Context;
use serde_json::Value;

use super::objects::{is_same, name};
use crate::cluster::{MESH, SHOP, attempt, get, items};

/// What Kubernetes keeps of others: notes, and copies of what is listed in another form.
const NOTES: [&str; 3] = ["endpoints", "events", "leases"];

/// What of the shop's namespace, of the mesh's own, and of others that name the shop no document
/// applied, given what documents did.
///
/// # Errors
/// When the cluster cannot be asked.
pub(super) fn of(known: &[Value]) -> anyhow::Result<Vec<String>> {
    let kinds = kinds()?;
    let mut found = Vec::new();
    if known
        .iter()
        .any(|object| object["metadata"]["namespace"] == SHOP)
    {
        let list = get(&[&kinds.join(","), "-n", SHOP])?;
        found.extend(items(&list).filter(|object| !is_made_here(object)).cloned());
    }
    let of_the_mesh = |kind: &&str| {
        let group = kind.split_once('.').map_or("", |(_, group)| group);
        group.ends_with(".istio.io") || group == "gateway.networking.k8s.io"
    };
    let of_the_mesh: Vec<&str> = kinds
        .iter()
        .map(String::as_str)
        .filter(of_the_mesh)
        .collect();
    if !of_the_mesh.is_empty() {
        let list = get(&[&of_the_mesh.join(","), "-A"])?;
        found.extend(
            items(&list)
                .filter(|object| reaches_the_shop(object))
                .cloned(),
        );
    }
    found.retain(|here| !known.iter().any(|known| is_same(known, here)));
    let strangers = found
        .iter()
        .map(|here| format!("{} is in no document", name(here)));
    Ok(strangers.collect())
}

/// The kinds of objects that namespaces hold, each as `virtualservices.networking.istio.io`.
fn kinds() -> anyhow::Result<Vec<String>> {
    let list = [
        "api-resources",
        "--namespaced",
        "--verbs=list",
        "--output=name",
    ];
    // It fails, and lists the rest, when an extension of the API server is down.
    let said = attempt("kubectl", &list, None)?.stdout;
    let said = String::from_utf8_lossy(&said);
    let is_kept = |kind: &&str| {
        let (name, group) = kind.split_once('.').unwrap_or((kind, ""));
        !NOTES.contains(&name) && group != "metrics.k8s.io"
    };
    let kinds: Vec<String> = said.lines().filter(is_kept).map(str::to_owned).collect();
    (!kinds.is_empty())
        .then_some(kinds)
        .context("kubectl cannot tell which kinds of objects there are")
}

/// Whether the cluster itself made an object of the shop's namespace.
fn is_made_here(object: &Value) -> bool {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let has_owner = object["metadata"]["ownerReferences"].is_array();
    has_owner
        || match object["kind"].as_str() {
            Some("ConfigMap") => name == "kube-root-ca.crt" || name.starts_with("istio-ca-"),
            Some("ServiceAccount") => name == "default",
            // A StatefulSet's: it outlives that, with what was sold.
            Some("PersistentVolumeClaim") => name.starts_with("data-products-db-"),
            _ => false,
        }
}

/// Whether an object of the mesh, outside of the shop's namespace, is for the whole mesh, or names
/// the shop; what `istioctl install` made is not meant.
fn reaches_the_shop(object: &Value) -> bool {
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
    fn policy_for_the_whole_mesh_and_route_that_names_the_shop_are_strangers() {
        let object = |namespace: &str, host: &str| json!({ "metadata": { "name": "x", "namespace": namespace }, "spec": { "hosts": [host] } });
        assert!(reaches_the_shop(&object(MESH, "elsewhere")));
        assert!(reaches_the_shop(&object(
            "default",
            "web.widgetario.svc.cluster.local"
        )));
        assert!(!reaches_the_shop(&object("default", "reviews")));
    }

    #[test]
    fn pod_of_a_deployment_is_no_stranger_and_a_bare_one_is() {
        let owned =
            json!({ "kind": "Pod", "metadata": { "name": "web-1", "ownerReferences": [{}] } });
        assert!(is_made_here(&owned));
        assert!(!is_made_here(
            &json!({ "kind": "Pod", "metadata": { "name": "web-1" } })
        ));
    }
}
