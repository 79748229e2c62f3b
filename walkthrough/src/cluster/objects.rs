//! Makes the cluster hold exactly what a stage needs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::held::is_in;
use super::kinds::Kinds;
use super::kubectl::elements;
use super::manifests::{self, name};
use super::mesh::Mesh;
use super::{SHOP, drift, handover, held, policies, rollout, undeclared};
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
        changes.extend(self.open_the_database()?);
        // New pods need what the old ones did, such as their service accounts: so this precedes deletions.
        changes.extend(self.leave_ambient()?);
        changes.extend(held::delete(&self.absent)?);
        let (policies, others): (Vec<_>, Vec<_>) = self
            .present
            .iter()
            .partition(|object| policies::is_policy(object));
        changes.extend(held::make(&others)?);
        changes.extend(rollout::settle()?);
        rollout::restart(&self.readers(&changes))?;
        changes.extend(rollout::settle()?);
        if let Some(installed) = after.map(Mesh::install).transpose()?.flatten() {
            changes.push(installed);
            // Sidecars of an ambient mesh have other settings.
            changes.extend(rollout::settle()?);
        }
        // From here on no pod starts: under deny-all alone it would never be ready.
        changes.extend(held::make(&policies)?);
        Ok(changes)
    }

    /// Deletes the policies under which no pod could start; those that are wanted come back last.
    fn open_the_database(&self) -> anyhow::Result<Vec<String>> {
        let known = self.present.iter().chain(&self.absent);
        let held = held::found(known.filter(|object| policies::is_policy(object)))?;
        let stays = |policy: &Value| is_in(&self.present, policy);
        held::delete(&policies::in_the_way(&held, stays))
    }

    /// Gives pods of an ambient shop their sidecars, if they should have one.
    fn leave_ambient(&self) -> anyhow::Result<Vec<String>> {
        let namespace = |object: &&Value| is_the_shops_namespace(object);
        if let Some(namespace) = self.present.iter().find(namespace)
            && let [held] = &held::found([namespace])?[..]
        {
            return handover::to_sidecars(namespace, held);
        }
        Ok(Vec::new())
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

    /// The names of the objects in the cluster that only other stages need.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(crate) fn surplus(&self) -> anyhow::Result<Vec<String>> {
        Ok(held::found(&self.absent)?.iter().map(name).collect())
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
        let found = held::found(self.present.iter().chain(&self.absent))?;
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
