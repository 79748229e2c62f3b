//! What the documents' files hold, and a cluster that holds exactly what a stage calls for.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Stage, drift, sidecars, strangers};
use crate::cluster::{SHOP, attempt, get, items, kubectl, kubectl_with, told};

/// The objects of a stage and of those before it; where a file overwrote an object, the last counts.
pub(crate) struct Wanted {
    present: Vec<Value>,
    /// What only later stages apply.
    absent: Vec<Value>,
}

impl Wanted {
    /// Of the first `count` stages.
    ///
    /// # Errors
    /// When a file is not there, or no manifest.
    pub(crate) fn after(root: &Path, stages: &[Stage], count: usize) -> anyhow::Result<Self> {
        let present = last(read(root, &stages[..count])?);
        let mut absent = last(read(root, &stages[count..])?);
        absent.retain(|object| !present.iter().any(|known| is_same(known, object)));
        absent.reverse();
        Ok(Self { present, absent })
    }

    /// Makes the cluster hold exactly this, and waits until the shop's pods do. Says what changed.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub(crate) fn reach(&self) -> anyhow::Result<Vec<String>> {
        let mut changes = delete(&self.absent)?;
        if !self.present.is_empty() {
            // Pods first: one that starts under deny-all never reaches its database, and is never ready.
            let is_policy = |object: &Value| object["kind"] == "AuthorizationPolicy";
            let (policies, others): (Vec<_>, Vec<_>) =
                self.present.iter().cloned().partition(is_policy);
            changes.extend(apply(&others)?);
            if !policies.is_empty() {
                changes.extend(settle()?);
                changes.extend(apply(&policies)?);
            }
            // Another apply keeps what no document ever named.
            for object in self.drifted()? {
                kubectl_with(object, &["replace", "--save-config", "-f", "-"])?;
                changes.push(format!("{} made as the documents say", name(object)));
            }
        }
        // Pods read a ConfigMap's variables when they start.
        if changes
            .iter()
            .any(|line| line.starts_with("configmap/tracing"))
        {
            kubectl(&["rollout", "restart", "deployment", "-n", SHOP])?;
        }
        changes.extend(settle()?);
        Ok(changes)
    }

    /// What the cluster holds that is not wanted.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(crate) fn surplus(&self) -> anyhow::Result<Vec<String>> {
        there(&self.absent)
    }

    /// In what the cluster differs from this: nothing, when a stage was reached.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(crate) fn differences(&self) -> anyhow::Result<Vec<String>> {
        let surplus = self.surplus()?.into_iter();
        let mut differences: Vec<String> = surplus
            .map(|name| format!("{name} is of a later stage"))
            .collect();
        let here = there(&self.present)?;
        for object in &self.present {
            let name = name(object);
            if !here.contains(&name) {
                differences.push(format!("{name} is not there"));
            }
        }
        differences.extend(self.drifted()?.into_iter().map(|object| {
            let name = name(object);
            format!("{name} is not as the documents say")
        }));
        differences.extend(strangers::of(&self.present)?);
        differences.extend(unready()?);
        Ok(differences)
    }

    /// Those of the objects that the cluster holds otherwise.
    fn drifted(&self) -> anyhow::Result<Vec<&Value>> {
        let here = there(&self.present)?;
        let is_here = |object: &&Value| here.contains(&name(object));
        drift::among(self.present.iter().filter(is_here).collect())
    }
}

/// Waits until every pod of the shop is as its workload wants it, if there is a shop, with the
/// sidecar that a new pod would get. Says what was restarted for that.
///
/// # Errors
/// When that takes more than three minutes.
pub(crate) fn settle() -> anyhow::Result<Vec<String>> {
    let outdated = sidecars::outdated()?;
    for workload in &outdated {
        kubectl(&["rollout", "restart", workload, "-n", SHOP])?;
    }
    for kind in ["statefulset", "deployment"] {
        let workloads = get(&[kind, "-n", SHOP])?;
        for workload in items(&workloads) {
            let name = workload["metadata"]["name"].as_str().unwrap_or_default();
            let name = format!("{kind}/{name}");
            kubectl(&["rollout", "status", &name, "-n", SHOP, "--timeout=180s"])?;
        }
    }
    let why = "restarted: a pod made now gets another sidecar";
    let restarted = outdated.iter().map(|workload| format!("{workload} {why}"));
    Ok(restarted.collect())
}

/// Which workloads of the shop lack pods that are ready, and made as they are now.
fn unready() -> anyhow::Result<Vec<String>> {
    let workloads = get(&["deployments,statefulsets", "-n", SHOP])?;
    let lacking = |workload: &Value| {
        let (spec, status) = (&workload["spec"], &workload["status"]);
        let wanted = spec["replicas"].as_u64().unwrap_or(1);
        let count = |field: &str| status[field].as_u64().unwrap_or_default();
        let ready = count("readyReplicas").min(count("updatedReplicas"));
        (ready != wanted).then(|| format!("{}: {ready} of {wanted} pods ready", name(workload)))
    };
    Ok(items(&workloads).filter_map(lacking).collect())
}

pub(super) fn list<T: Serialize>(objects: &[T]) -> Value {
    json!({ "apiVersion": "v1", "kind": "List", "items": objects })
}

/// Applies `objects`, and says what changed.
fn apply(objects: &[Value]) -> anyhow::Result<Vec<String>> {
    let applied = kubectl_with(&list(objects), &["apply", "-f", "-"])?;
    let effective = applied.lines().filter(|line| !line.ends_with("unchanged"));
    Ok(effective.map(str::to_owned).collect())
}

/// Deletes what is there of `objects`, and says what.
fn delete(objects: &[Value]) -> anyhow::Result<Vec<String>> {
    let mut deleted = Vec::new();
    let here = there(objects)?;
    for object in objects.iter().filter(|object| here.contains(&name(object))) {
        let arguments = ["delete", "--ignore-not-found", "--wait", "-f", "-"];
        let said = kubectl_with(object, &arguments)?;
        deleted.extend(said.lines().map(|_| format!("{} deleted", name(object))));
    }
    Ok(deleted)
}

/// The names of those of `objects` that the cluster holds.
fn there(objects: &[Value]) -> anyhow::Result<Vec<String>> {
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let arguments = ["get", "--ignore-not-found", "--output=json", "-f", "-"];
    let found = attempt("kubectl", &arguments, Some(&list(objects)))?;
    let said = String::from_utf8_lossy(&found.stderr);
    // A kind that the cluster does not know yet, before Istio is installed, is of no object.
    let other = said.lines().find(|line| !is_unknown_kind(line));
    if let Some(line) = other.filter(|_| !found.status.success()) {
        bail!("kubectl: {line}");
    }
    let found = told(&String::from_utf8_lossy(&found.stdout))?;
    Ok(found.iter().map(name).collect())
}

fn is_unknown_kind(line: &str) -> bool {
    line.contains("no matches for kind") || line.contains("ensure CRDs are installed first")
}

/// `configmap/tracing`, as kubectl writes it, with the group left out.
pub(super) fn name(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) if namespace != SHOP => format!("{kind}/{name} in {namespace}"),
        _ => format!("{kind}/{name}"),
    }
}

/// Each object once, as its last file has it, in the order of their first ones.
fn last(objects: Vec<Value>) -> Vec<Value> {
    let mut last: Vec<Value> = Vec::new();
    for object in objects {
        match last.iter_mut().find(|known| is_same(known, &object)) {
            Some(known) => *known = object,
            None => last.push(object),
        }
    }
    last
}

pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    let group = |object: &Value| {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        version
            .split_once('/')
            .map_or("", |(group, _)| group)
            .to_owned()
    };
    group(one) == group(other) && name(one) == name(other)
}

/// The objects of all files that the stages apply, in order.
fn read(root: &Path, stages: &[Stage]) -> anyhow::Result<Vec<Value>> {
    let mut objects = Vec::new();
    for path in stages.iter().flat_map(Stage::applied) {
        for file in files(&root.join(path))? {
            let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let documents = serde_saphyr::from_multiple::<Value>(&text)
                .with_context(|| file.display().to_string())?;
            objects.extend(documents.into_iter().filter(Value::is_object));
        }
    }
    Ok(objects)
}

/// A file, or those of a folder that `kubectl apply -f` takes, in its order.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
    let files = entries.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<anyhow::Result<Vec<_>>>()?;
    let is_manifest = |file: &PathBuf| {
        let extension = file.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("yaml" | "yml" | "json"))
    };
    files.retain(is_manifest);
    files.sort();
    Ok(files)
}
