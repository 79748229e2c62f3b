//! What of an object is not as its document says, fields that no document names included: what
//! `kubectl set`, `scale` or `annotate` added, and what another `kubectl apply` would keep.

use serde_json::Value;

use super::objects::{is_same, list};
use crate::cluster::{kubectl_with, told};

/// Notes of kubectl and of a Deployment's controller; all other annotations mean something.
const NOTES: [&str; 2] = ["kubectl.kubernetes.io/", "deployment.kubernetes.io/"];

/// Those of `objects`, all of which are there, that the cluster holds otherwise: it would store
/// something else if they were put in the place of what is there.
///
/// # Errors
/// When the cluster cannot be asked, or refuses one of them.
pub(super) fn among(objects: Vec<&Value>) -> anyhow::Result<Vec<&Value>> {
    // A pod cannot be replaced once it runs.
    let (pods, others): (Vec<&Value>, Vec<&Value>) =
        objects.iter().partition(|object| object["kind"] == "Pod");
    let dry_run = ["--dry-run=server", "--output=json", "-f", "-"];
    let mut stored = Vec::new();
    for (verb, objects) in [("apply", pods), ("replace", others)] {
        if !objects.is_empty() {
            let arguments = [&[verb], &dry_run[..]].concat();
            stored.extend(told(&kubectl_with(&list(&objects), &arguments)?)?);
        }
    }
    let get = ["get", "--ignore-not-found", "--output=json", "-f", "-"];
    let found = if objects.is_empty() {
        Vec::new()
    } else {
        told(&kubectl_with(&list(&objects), &get)?)?
    };
    let differs = |object: &&Value| {
        let find = |objects: &[Value]| {
            let object = objects.iter().find(|other| is_same(other, object));
            object.map(essence)
        };
        find(&stored) != find(&found)
    };
    Ok(objects.into_iter().filter(differs).collect())
}

/// Annotations that change what the mesh or its add-ons do.
const OURS: [&str; 2] = ["istio.io/", "prometheus.io/"];

/// An object without what the cluster notes on it.
fn essence(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        let kept = ["name", "namespace", "labels", "annotations"];
        metadata.retain(|field, _| kept.contains(&field.as_str()));
        // What controllers note on objects is theirs: which addresses a LoadBalancer gave, say.
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.retain(|name, _| OURS.iter().any(|ours| name.contains(ours)));
        }
    }
    for metadata in ["/metadata", "/spec/template/metadata"] {
        if let Some(metadata) = object.pointer_mut(metadata).and_then(Value::as_object_mut) {
            without_notes(metadata);
        }
    }
    object
}

fn without_notes(metadata: &mut serde_json::Map<String, Value>) {
    let Some(annotations) = metadata.get_mut("annotations") else {
        return;
    };
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.retain(|name, _| !NOTES.iter().any(|note| name.starts_with(note)));
    }
    if annotations
        .as_object()
        .is_none_or(serde_json::Map::is_empty)
    {
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
        let restarted = essence(&deployment("kubectl.kubernetes.io/restartedAt", &json!([])));
        let once_more = deployment("kubectl.kubernetes.io/restartedBy", &json!([]));
        assert_eq!(restarted, essence(&once_more));
        let variable = json!([{ "name": "PRICE_FACTOR", "value": "2" }]);
        let set = deployment("kubectl.kubernetes.io/restartedAt", &variable);
        assert_ne!(restarted, essence(&set));
        assert_ne!(
            restarted,
            essence(&deployment("sidecar.istio.io/inject", &json!([])))
        );
    }
}
