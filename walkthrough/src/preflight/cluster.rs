//! Whether kubectl reaches a cluster, and which.

use anyhow::Context;
use serde_json::Value;

use super::{Finding, laptops};
use crate::cluster::distribution::Distribution;
use crate::cluster::kubectl::{condition, get, items, kubectl};

/// The oldest Kubernetes, 1.31, on which the shop's manifests were tried.
const OLDEST: u32 = 31;

/// The cluster of kubectl's current context.
pub(super) struct Cluster {
    pub(super) context: String,
    /// As `kubectl get nodes` writes them.
    pub(super) nodes: Value,
    pub(super) distribution: Distribution,
}

impl Cluster {
    /// Asks the cluster for its nodes.
    ///
    /// # Errors
    /// When there is no kubectl, no context or no cluster; it says how to mend that.
    pub(super) fn reach() -> anyhow::Result<Self> {
        let context = kubectl(&["config", "current-context"]).context(
            "there is no context; `kubectl config get-contexts` lists them, and `kubectl config \
             use-context docker-desktop` chooses one (https://kubernetes.io/docs/tasks/tools/ \
             installs kubectl)",
        )?;
        let context = context.trim().to_owned();
        let nodes = get(&["nodes", "--request-timeout=10s"]).with_context(|| {
            let how = laptops::how_to_start(&context);
            format!("the cluster of the context {context} does not answer; {how}")
        })?;
        let distribution = Distribution::of(&nodes);
        Ok(Self {
            context,
            nodes,
            distribution,
        })
    }

    /// The versions of Kubernetes in the nodes, such as `v1.34.1`.
    pub(super) fn versions(&self) -> Vec<&str> {
        let versions = items(&self.nodes);
        let mut versions: Vec<&str> = versions
            .filter_map(|node| field(node, "/status/nodeInfo/kubeletVersion"))
            .collect();
        versions.sort_unstable();
        versions.dedup();
        versions
    }

    /// The 34 of `v1.34.1`, of the oldest node.
    pub(super) fn minor(&self) -> Option<u32> {
        self.versions().into_iter().filter_map(minor).min()
    }

    /// Its nodes are ready, and new enough.
    pub(super) fn check(&self) -> anyhow::Result<Finding> {
        let (name, versions) = (self.distribution.name(), self.versions().join(", "));
        let nodes = match items(&self.nodes).count() {
            1 => "1 node".to_owned(),
            count => format!("{count} nodes"),
        };
        let found = format!("{}: {name}, {versions}, {nodes}", self.context);
        if let Some(unready) = items(&self.nodes).find_map(unready) {
            return Ok(Finding::Mend(format!("{found}; {unready}")));
        }
        let minor = self.minor().context("the cluster has no node")?;
        if minor < OLDEST {
            let how = laptops::how_to_upgrade(self.distribution);
            return Ok(Finding::Mend(format!(
                "{found}; the shop needs Kubernetes 1.{OLDEST} or newer: {how}"
            )));
        }
        Ok(Finding::Fine(found))
    }
}

/// The 34 of `v1.34.1` or `1.34-alpha`.
pub(super) fn minor(version: &str) -> Option<u32> {
    let (major, rest) = version.trim_start_matches('v').split_once('.')?;
    let digits = rest.split(|sign: char| !sign.is_ascii_digit()).next()?;
    (major == "1").then(|| digits.parse().ok())?
}

/// Why a node is not ready, if it is not.
fn unready(node: &Value) -> Option<String> {
    let name = field(node, "/metadata/name")?;
    let ready = condition(&node["status"]["conditions"], "Ready");
    if ready["status"] == "True" {
        return None;
    }
    let why = field(ready, "/message").unwrap_or_default();
    Some(format!(
        "the node {name} is not ready ({why}): wait, or restart the cluster; `kubectl describe node \
         {name}` says more"
    ))
}

fn field<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_version_is_the_second_number() {
        assert_eq!(minor("v1.34.1+k3s1"), Some(34));
        assert_eq!(minor("1.31-eed52ebb66ad"), Some(31));
        assert_eq!(minor("2.0.0"), None);
        assert_eq!(minor("unknown"), None);
    }
}
