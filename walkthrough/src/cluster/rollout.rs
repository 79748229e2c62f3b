//! Whether the shop's workloads have all of their pods.

use std::collections::BTreeSet;

use serde_json::Value;

use super::kubectl::{get, items, kubectl};
use super::manifests::name;
use super::{SHOP, sidecars};

/// Waits until every workload of the shop, if there are any, has all of its pods, each with the
/// sidecar that a new pod would get. Returns a line for each workload that had to be restarted.
///
/// # Errors
/// When a workload takes longer than three minutes.
pub(crate) fn settle() -> anyhow::Result<Vec<String>> {
    let outdated = sidecars::outdated()?;
    restart(&outdated)?;
    let workloads = workloads()?;
    for workload in items(&workloads).filter(|workload| !is_rolled_out(workload)) {
        kubectl(&[
            "rollout",
            "status",
            &name(workload),
            "-n",
            SHOP,
            "--timeout=180s",
        ])?;
    }
    let why = "restarted: a pod made now gets another sidecar";
    let restarted = outdated.iter().map(|workload| format!("{workload} {why}"));
    Ok(restarted.collect())
}

/// Restarts `workloads` of the shop, if there are any, such as `deployment/web`.
///
/// # Errors
/// When the cluster refuses.
pub(super) fn restart(workloads: &BTreeSet<String>) -> anyhow::Result<()> {
    if !workloads.is_empty() {
        let workloads: Vec<&str> = workloads.iter().map(String::as_str).collect();
        kubectl(&[&["rollout", "restart", "-n", SHOP], &workloads[..]].concat())?;
    }
    Ok(())
}

/// A line for each workload of the shop that lacks pods which are ready and up to date.
///
/// # Errors
/// When the cluster cannot be asked.
pub(super) fn unready() -> anyhow::Result<Vec<String>> {
    let workloads = workloads()?;
    let lacking = |workload: &Value| {
        let (ready, wanted) = replicas(workload);
        (ready != wanted).then(|| format!("{}: {ready} of {wanted} pods ready", name(workload)))
    };
    Ok(items(&workloads).filter_map(lacking).collect())
}

fn workloads() -> anyhow::Result<Value> {
    get(&["statefulsets,deployments", "-n", SHOP])
}

/// Whether a workload has all of its pods, and no older ones: then `kubectl rollout status` has nothing
/// to wait for.
fn is_rolled_out(workload: &Value) -> bool {
    let (ready, wanted) = replicas(workload);
    let all = workload["status"]["replicas"].as_u64().unwrap_or_default();
    let is_current = workload["status"]["observedGeneration"] == workload["metadata"]["generation"];
    is_current && ready == wanted && all == wanted
}

/// How many pods of a workload are ready and up to date, and how many it should have.
pub(crate) fn replicas(workload: &Value) -> (u64, u64) {
    let count = |field: &str| workload["status"][field].as_u64().unwrap_or_default();
    let ready = count("readyReplicas").min(count("updatedReplicas"));
    (ready, workload["spec"]["replicas"].as_u64().unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rollout_is_over_when_its_newest_pods_are_all_there_are() {
        let web = |generation: u64, replicas: u64, updated: u64, ready: u64| {
            json!({
                "metadata": { "generation": 2 },
                "spec": { "replicas": 1 },
                "status": {
                    "observedGeneration": generation,
                    "replicas": replicas,
                    "updatedReplicas": updated,
                    "readyReplicas": ready,
                },
            })
        };
        assert!(is_rolled_out(&web(2, 1, 1, 1)));
        assert!(
            !is_rolled_out(&web(1, 1, 1, 1)),
            "the change is not seen yet"
        );
        assert!(!is_rolled_out(&web(2, 2, 1, 2)), "an old pod is left");
        assert!(!is_rolled_out(&web(2, 1, 0, 1)), "the pod is an old one");
        assert!(!is_rolled_out(&web(2, 1, 1, 0)), "the pod is not ready");
    }
}
