//! Which objects of the cluster differ from their documents, also in fields that no document names.
//! `kubectl set`, `scale` and `annotate` add such fields, and another `kubectl apply` keeps them.

use serde_json::{Map, Value};

use super::kubectl::{kubectl_with, parsed};
use super::manifests::{is_same, list};

/// Annotations that kubectl and a Deployment's controller write for themselves. On a pod template,
/// every other annotation has an effect.
const NOTES: [&str; 2] = ["kubectl.kubernetes.io/", "deployment.kubernetes.io/"];

/// Annotations of an object that change what the mesh or its add-ons do. Any other one is a record
/// of a controller, such as the addresses that a `LoadBalancer` got.
const EFFECTIVE: [&str; 2] = ["istio.io/", "prometheus.io/"];

/// Those of `objects` that the cluster would store in another form than the one in which they were
/// `found` in it. It must hold all of them.
///
/// # Errors
/// When the cluster cannot be asked, or refuses one of them.
pub(super) fn drifted<'a>(
    objects: Vec<&'a Value>,
    found: &[Value],
) -> anyhow::Result<Vec<&'a Value>> {
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let stored = stored_by_a_dry_run(&objects)?;
    let differs = |object: &&Value| {
        let find = |objects: &[Value]| {
            let same = objects.iter().find(|other| is_same(other, object));
            same.map(without_cluster_notes)
        };
        find(&stored) != find(found)
    };
    Ok(objects.into_iter().filter(differs).collect())
}

/// What the cluster would store for `objects`.
fn stored_by_a_dry_run(objects: &[&Value]) -> anyhow::Result<Vec<Value>> {
    // A pod cannot be replaced once it runs.
    let (pods, others): (Vec<&Value>, Vec<&Value>) =
        objects.iter().partition(|object| object["kind"] == "Pod");
    let dry_run = ["--dry-run=server", "--output=json", "-f", "-"];
    let mut stored = Vec::new();
    for (verb, objects) in [("apply", pods), ("replace", others)] {
        if !objects.is_empty() {
            let arguments = [&[verb], &dry_run[..]].concat();
            stored.extend(parsed(&kubectl_with(&list(&objects), &arguments)?)?);
        }
    }
    Ok(stored)
}

/// An object without what the cluster itself writes into it.
fn without_cluster_notes(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        let kept = ["name", "namespace", "labels", "annotations"];
        metadata.retain(|field, _| kept.contains(&field.as_str()));
        keep_annotations(metadata, |name| {
            EFFECTIVE.iter().any(|effective| name.contains(effective))
        });
    }
    for metadata in ["/metadata", "/spec/template/metadata"] {
        if let Some(metadata) = object.pointer_mut(metadata).and_then(Value::as_object_mut) {
            keep_annotations(metadata, |name| {
                !NOTES.iter().any(|note| name.starts_with(note))
            });
        }
    }
    object
}

/// Leaves only the annotations whose name `is_kept`; none at all is the same as an empty map.
fn keep_annotations(metadata: &mut Map<String, Value>, is_kept: impl Fn(&str) -> bool) {
    let Some(annotations) = metadata.get_mut("annotations") else {
        return;
    };
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.retain(|name, _| is_kept(name));
    }
    if annotations.as_object().is_none_or(Map::is_empty) {
        metadata.remove("annotations");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(annotation: &str, variables: &Value) -> Value {
        json!({
            "kind": "Deployment",
            "metadata": { "name": "web", "uid": "1", "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
            } },
            "spec": { "template": {
                "metadata": { "annotations": { annotation: "x" } },
                "spec": { "containers": [{ "env": variables }] },
            } },
            "status": { "replicas": 1 },
        })
    }

    #[test]
    fn restart_is_no_difference_and_a_variable_or_an_annotation_is() {
        let restarted =
            without_cluster_notes(&deployment("kubectl.kubernetes.io/restartedAt", &json!([])));
        let once_more = deployment("kubectl.kubernetes.io/restartedBy", &json!([]));
        assert_eq!(restarted, without_cluster_notes(&once_more));
        let variable = json!([{ "name": "PRICE_FACTOR", "value": "2" }]);
        let set = deployment("kubectl.kubernetes.io/restartedAt", &variable);
        assert_ne!(restarted, without_cluster_notes(&set));
        assert_ne!(
            restarted,
            without_cluster_notes(&deployment("sidecar.istio.io/inject", &json!([])))
        );
    }
}
