//! Objects as the cluster holds them: found, made and deleted.

use anyhow::bail;
use serde_json::Value;

use super::kubectl::{attempt, kubectl_with, parsed};
use super::manifests::{is_same, list, name};
use super::{drift, pods};

/// Whether `object` is among those that were `found`, in any form.
pub(super) fn is_in(found: &[Value], object: &Value) -> bool {
    found.iter().any(|other| is_same(other, object))
}

/// Makes the cluster hold `objects` as they are. Returns a line for each that changed.
///
/// # Errors
/// When the cluster refuses.
pub(super) fn make(objects: &[&Value]) -> anyhow::Result<Vec<String>> {
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let applied = kubectl_with(&list(objects), &["apply", "-f", "-"])?;
    let effective = applied.lines().filter(|line| !line.ends_with("unchanged"));
    let mut changes: Vec<String> = effective.map(str::to_owned).collect();
    // `kubectl apply` keeps the fields that no document ever named.
    let held = found(objects.iter().copied())?;
    let mut objects = objects.to_vec();
    objects.retain(|object| is_in(&held, object));
    for object in drift::drifted(objects, &held)? {
        kubectl_with(object, &["replace", "--save-config", "-f", "-"])?;
        changes.push(format!("{} made as the documents say", name(object)));
    }
    Ok(changes)
}

/// Deletes those of `objects` that the cluster holds, in their order, and waits until they are gone.
/// Returns a line for each.
///
/// # Errors
/// When the cluster refuses.
pub(super) fn delete(objects: &[Value]) -> anyhow::Result<Vec<String>> {
    let found = found(objects)?;
    let held = objects.iter().filter(|object| is_in(&found, object));
    let (namespaces, others): (Vec<&Value>, Vec<&Value>) =
        held.partition(|object| object["kind"] == "Namespace");
    delete_all(&others)?;
    // Kubernetes looks again only after half of their grace period, 16 s, whether pods of a namespace
    // are gone.
    for namespace in &namespaces {
        pods::end_all(namespace["metadata"]["name"].as_str().unwrap_or_default())?;
    }
    delete_all(&namespaces)?;
    let deleted = others.into_iter().chain(namespaces);
    Ok(deleted
        .map(|object| format!("{} deleted", name(object)))
        .collect())
}

fn delete_all(objects: &[&Value]) -> anyhow::Result<()> {
    if !objects.is_empty() {
        let arguments = ["delete", "--ignore-not-found", "--wait", "-f", "-"];
        kubectl_with(&list(objects), &arguments)?;
    }
    Ok(())
}

/// Those of `objects` that the cluster holds, as it holds them.
///
/// # Errors
/// When the cluster cannot be asked.
pub(super) fn found<'a>(
    objects: impl IntoIterator<Item = &'a Value>,
) -> anyhow::Result<Vec<Value>> {
    let objects: Vec<&Value> = objects.into_iter().collect();
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let arguments = ["get", "--ignore-not-found", "--output=json", "-f", "-"];
    let found = attempt("kubectl", &arguments, Some(&list(&objects)))?;
    let complaints = String::from_utf8_lossy(&found.stderr);
    // Before Istio is installed, the cluster does not know its kinds, and has no object of them.
    let other = complaints.lines().find(|line| !is_unknown_kind(line));
    if let Some(line) = other.filter(|_| !found.status.success()) {
        bail!("kubectl: {line}");
    }
    parsed(&String::from_utf8_lossy(&found.stdout))
}

fn is_unknown_kind(line: &str) -> bool {
    line.contains("no matches for kind") || line.contains("ensure CRDs are installed first")
}
