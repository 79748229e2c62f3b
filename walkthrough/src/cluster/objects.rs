//! Makes the cluster hold exactly what a stage needs.

use std::collections::BTreeSet;

use anyhow::bail;
use serde_json::Value;

use super::kinds::Kinds;
use super::kubectl::{attempt, elements, kubectl_with, parsed};
use super::manifests::{self, is_same, list, name};
use super::mesh::Mesh;
use super::{SHOP, drift, handover, pods, rollout, undeclared};
use crate::documents::Documents;

/// The mesh that a stage and those before it installed, and the objects that they applied and did not
/// delete; when several files have the same object, the last one counts.
pub(crate) struct Wanted {
    mesh: Option<Mesh>,
    kinds: Vec<Kinds>,
    present: Vec<Value>,
    /// The other objects that any stage applies, the last first.
    absent: Vec<Value>,
}

impl Wanted {
    /// What the first `count` stages need.
    ///
    /// # Errors
    /// When a file is missing, or is no manifest.
    pub(crate) fn after(documents: &Documents, count: usize) -> anyhow::Result<Self> {
        let root = &documents.root;
        let stages = &documents.stages[..count];
        let present = manifests::left_by(root, stages)?;
        let mut absent: Vec<Value> = Vec::new();
        for object in manifests::ever_applied(root, &documents.stages)? {
            if !is_in(&present, &object) && !is_in(&absent, &object) {
                absent.push(object);
            }
        }
        absent.reverse();
        Ok(Self {
            mesh: Mesh::of(root, stages)?,
            kinds: Kinds::of(root, stages),
            present,
            absent,
        })
    }

    /// Makes the cluster hold exactly this, and waits until the shop's pods are ready. Returns a
    /// line for each change.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub(crate) fn reach(&self) -> anyhow::Result<Vec<String>> {
        let mut changes = Vec::new();
        // ztunnel comes before the pods that need it, and goes when none is left.
        let (before, after) = match &self.mesh {
            Some(mesh) if mesh.is_ambient => (Some(mesh), None),
            mesh => (None, mesh.as_ref()),
        };
        changes.extend(before.map(Mesh::install).transpose()?.flatten());
        for kinds in &self.kinds {
            changes.extend(kinds.define()?);
        }
        changes.extend(self.reach_objects()?);
        changes.extend(after.map(Mesh::install).transpose()?.flatten());
        Ok(changes)
    }

    fn reach_objects(&self) -> anyhow::Result<Vec<String>> {
        let mut changes = delete(&self.absent)?;
        for namespace in self
            .present
            .iter()
            .filter(|object| is_the_shops_namespace(object))
        {
            for held in found([namespace])? {
                changes.extend(handover::to_sidecars(namespace, &held)?);
            }
        }
        changes.extend(self.apply()?);
        // Another `kubectl apply` keeps the fields that no document ever named.
        for object in self.drifted(&found(&self.present)?)? {
            kubectl_with(object, &["replace", "--save-config", "-f", "-"])?;
            changes.push(format!("{} made as the documents say", name(object)));
        }
        rollout::restart(&self.readers(&changes))?;
        changes.extend(rollout::settle()?);
        Ok(changes)
    }

    /// The shop's Deployments that take variables from a `ConfigMap` which is among the `changes`: pods
    /// read them when they start.
    fn readers(&self, changes: &[String]) -> BTreeSet<String> {
        let is_changed = |source: &Value| {
            let map = source["configMapRef"]["name"].as_str();
            map.is_some_and(|map| {
                let beginning = format!("configmap/{map} ");
                changes.iter().any(|line| line.starts_with(&beginning))
            })
        };
        let is_reader = |object: &&Value| {
            let containers = &object["spec"]["template"]["spec"]["containers"];
            let containers = elements(containers);
            let mut sources = containers.flat_map(|container| elements(&container["envFrom"]));
            let is_of_the_shop = object["metadata"]["namespace"] == SHOP;
            object["kind"] == "Deployment" && is_of_the_shop && sources.any(is_changed)
        };
        self.present.iter().filter(is_reader).map(name).collect()
    }

    /// Applies all objects that should exist, policies last: a pod that starts under deny-all never
    /// reaches its database, and is never ready. So where policies are missing, one without rules, which
    /// denies all, is made anew.
    fn apply(&self) -> anyhow::Result<Vec<String>> {
        let is_policy = |object: &&Value| object["kind"] == "AuthorizationPolicy";
        let (policies, others): (Vec<_>, Vec<_>) = self.present.iter().partition(is_policy);
        let mut changes = Vec::new();
        let mut held = found(policies.iter().copied())?;
        if held.len() < policies.len() {
            held.retain(|policy| policy.pointer("/spec/rules").is_none());
            changes.extend(delete(&held)?);
        }
        changes.extend(apply(&others)?);
        if !policies.is_empty() {
            changes.extend(rollout::settle()?);
            changes.extend(apply(&policies)?);
        }
        Ok(changes)
    }

    /// The names of the objects in the cluster that only other stages need.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(crate) fn surplus(&self) -> anyhow::Result<Vec<String>> {
        Ok(found(&self.absent)?.iter().map(name).collect())
    }

    /// What must be installed anew, if anything: the mesh, and why.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(crate) fn other_mesh(&self) -> anyhow::Result<Option<String>> {
        let difference = self.mesh.as_ref().map(Mesh::difference);
        Ok(difference.transpose()?.flatten())
    }

    /// A line for each difference between the cluster and this; none when the stage is reached.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(crate) fn differences(&self) -> anyhow::Result<Vec<String>> {
        let found = found(self.present.iter().chain(&self.absent))?;
        let surplus = self.absent.iter().filter(|object| is_in(&found, object));
        let surplus = surplus.map(|object| format!("{} is of another stage", name(object)));
        let missing = self.present.iter().filter(|object| !is_in(&found, object));
        let missing = missing.map(|object| format!("{} is not there", name(object)));
        let mut differences: Vec<String> = self.other_mesh()?.into_iter().collect();
        for kinds in &self.kinds {
            let missing = kinds.missing()?.into_iter();
            differences.extend(missing.map(|name| format!("{name} is not there")));
        }
        differences.extend(surplus.chain(missing));
        differences.extend(self.drifted(&found)?.into_iter().map(|object| {
            let name = name(object);
            format!("{name} is not as the documents say")
        }));
        differences.extend(undeclared::objects(&self.present)?);
        differences.extend(rollout::unready()?);
        Ok(differences)
    }

    /// Those of the wanted objects that the cluster holds in another form than the one that is wanted,
    /// by what was `found` in it.
    fn drifted(&self, found: &[Value]) -> anyhow::Result<Vec<&Value>> {
        let held = self.present.iter().filter(|object| is_in(found, object));
        drift::drifted(held.collect(), found)
    }
}

/// Whether an object is the shop's namespace.
fn is_the_shops_namespace(object: &Value) -> bool {
    object["kind"] == "Namespace" && object["metadata"]["name"] == SHOP
}

fn is_in(found: &[Value], object: &Value) -> bool {
    found.iter().any(|other| is_same(other, object))
}

/// Applies `objects`, and returns a line for each that changed.
fn apply(objects: &[&Value]) -> anyhow::Result<Vec<String>> {
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let applied = kubectl_with(&list(objects), &["apply", "-f", "-"])?;
    let effective = applied.lines().filter(|line| !line.ends_with("unchanged"));
    Ok(effective.map(str::to_owned).collect())
}

/// Deletes those of `objects` that the cluster holds, in their order, and waits until they are gone.
/// Returns a line for each.
fn delete(objects: &[Value]) -> anyhow::Result<Vec<String>> {
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
fn found<'a>(objects: impl IntoIterator<Item = &'a Value>) -> anyhow::Result<Vec<Value>> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn deployment_is_restarted_when_variables_of_its_pods_changed() {
        let deployment = |name: &str, maps: &[&str]| {
            let sources = maps
                .iter()
                .map(|map| json!({ "configMapRef": { "name": map } }));
            let container = json!({ "envFrom": sources.collect::<Vec<_>>() });
            json!({
                "kind": "Deployment",
                "metadata": { "name": name, "namespace": "widgetario" },
                "spec": { "template": { "spec": { "containers": [container] } } },
            })
        };
        let wanted = Wanted {
            mesh: None,
            kinds: Vec::new(),
            present: vec![
                deployment("web", &["tracing", "sign-in"]),
                deployment("stock-api", &["tracing"]),
                deployment("sleep", &[]),
            ],
            absent: Vec::new(),
        };
        let readers = |change: &str| {
            let readers = wanted.readers(&[change.to_owned()]);
            readers.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(readers("configmap/sign-in deleted"), ["deployment/web"]);
        assert_eq!(
            readers("configmap/tracing created"),
            ["deployment/stock-api", "deployment/web"]
        );
        assert!(readers("configmap/sign-in-page created").is_empty());
        assert!(readers("service/web created").is_empty());
    }
}
