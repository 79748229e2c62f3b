//! Makes the cluster hold exactly what a stage needs.

use anyhow::bail;
use serde_json::Value;

use super::kubectl::{attempt, kubectl_with, parsed};
use super::manifests::{self, is_same, list, name};
use super::{drift, rollout, undeclared};
use crate::documents::Documents;

/// The objects of a stage and of those before it; when several files have the same object, the last
/// one counts.
pub(crate) struct Wanted {
    present: Vec<Value>,
    /// The objects that only later stages apply, the last first.
    absent: Vec<Value>,
}

impl Wanted {
    /// What the first `count` stages need.
    ///
    /// # Errors
    /// When a file is missing, or is no manifest.
    pub(crate) fn after(documents: &Documents, count: usize) -> anyhow::Result<Self> {
        let (earlier, later) = documents.stages.split_at(count);
        let present = manifests::of_stages(&documents.root, earlier)?;
        let mut absent = manifests::of_stages(&documents.root, later)?;
        absent.retain(|object| !present.iter().any(|known| is_same(known, object)));
        absent.reverse();
        Ok(Self { present, absent })
    }

    /// Makes the cluster hold exactly this, and waits until the shop's pods are ready. Returns a
    /// line for each change.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub(crate) fn reach(&self) -> anyhow::Result<Vec<String>> {
        let mut changes = delete(&self.absent)?;
        changes.extend(self.apply()?);
        // Another `kubectl apply` keeps the fields that no document ever named.
        for object in self.drifted()? {
            kubectl_with(object, &["replace", "--save-config", "-f", "-"])?;
            changes.push(format!("{} made as the documents say", name(object)));
        }
        // Pods read a ConfigMap's variables when they start.
        if changes
            .iter()
            .any(|line| line.starts_with("configmap/tracing"))
        {
            rollout::restart()?;
        }
        changes.extend(rollout::settle()?);
        Ok(changes)
    }

    /// Applies all objects that should exist, policies last: a pod that starts under deny-all never
    /// reaches its database, and is never ready.
    fn apply(&self) -> anyhow::Result<Vec<String>> {
        let is_policy = |object: &&Value| object["kind"] == "AuthorizationPolicy";
        let (policies, others): (Vec<_>, Vec<_>) = self.present.iter().partition(is_policy);
        let mut changes = apply(&others)?;
        if !policies.is_empty() {
            changes.extend(rollout::settle()?);
            changes.extend(apply(&policies)?);
        }
        Ok(changes)
    }

    /// The names of the objects in the cluster that only later stages apply.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(crate) fn surplus(&self) -> anyhow::Result<Vec<String>> {
        existing(&self.absent)
    }

    /// A line for each difference between the cluster and this; none when the stage is reached.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(crate) fn differences(&self) -> anyhow::Result<Vec<String>> {
        let surplus = self.surplus()?.into_iter();
        let mut differences: Vec<String> = surplus
            .map(|name| format!("{name} is of a later stage"))
            .collect();
        let existing = existing(&self.present)?;
        for object in &self.present {
            let name = name(object);
            if !existing.contains(&name) {
                differences.push(format!("{name} is not there"));
            }
        }
        differences.extend(self.drifted()?.into_iter().map(|object| {
            let name = name(object);
            format!("{name} is not as the documents say")
        }));
        differences.extend(undeclared::objects(&self.present)?);
        differences.extend(rollout::unready()?);
        Ok(differences)
    }

    /// Those of the wanted objects that the cluster holds in another form.
    fn drifted(&self) -> anyhow::Result<Vec<&Value>> {
        let existing = existing(&self.present)?;
        let exists = |object: &&Value| existing.contains(&name(object));
        drift::drifted(self.present.iter().filter(exists).collect())
    }
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

/// Deletes those of `objects` that the cluster holds, and returns a line for each.
fn delete(objects: &[Value]) -> anyhow::Result<Vec<String>> {
    let mut deleted = Vec::new();
    let existing = existing(objects)?;
    for object in objects {
        if existing.contains(&name(object)) {
            let arguments = ["delete", "--ignore-not-found", "--wait", "-f", "-"];
            let output = kubectl_with(object, &arguments)?;
            deleted.extend(output.lines().map(|_| format!("{} deleted", name(object))));
        }
    }
    Ok(deleted)
}

/// The names of those of `objects` that the cluster holds.
fn existing(objects: &[Value]) -> anyhow::Result<Vec<String>> {
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let arguments = ["get", "--ignore-not-found", "--output=json", "-f", "-"];
    let found = attempt("kubectl", &arguments, Some(&list(objects)))?;
    let complaints = String::from_utf8_lossy(&found.stderr);
    // Before Istio is installed, the cluster does not know its kinds, and has no object of them.
    let other = complaints.lines().find(|line| !is_unknown_kind(line));
    if let Some(line) = other.filter(|_| !found.status.success()) {
        bail!("kubectl: {line}");
    }
    let found = parsed(&String::from_utf8_lossy(&found.stdout))?;
    Ok(found.iter().map(name).collect())
}

fn is_unknown_kind(line: &str) -> bool {
    line.contains("no matches for kind") || line.contains("ensure CRDs are installed first")
}
