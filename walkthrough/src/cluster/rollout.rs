//! Whether the shop's workloads have all of their pods.

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

/// Restarts every Deployment of the shop.
///
/// # Errors
/// When the cluster refuses.
pub(super) fn restart() -> anyhow::Result<()> {
    kubectl(&["rollout", "restart", "deployment", "-n", SHOP])?;
    Ok(())
}

/// A line for each workload of the shop that lacks pods which are ready and up to date.
///
/// # Errors
/// When the cluster cannot be asked.
pub(super) fn unready() -> anyhow::Result<Vec<String>> {
    let workloads = get(&["deployments,statefulsets", "-n", SHOP])?;
    let lacking = |workload: &Value| {
        let (ready, wanted) = replicas(workload);
        (ready != wanted).then(|| format!("{}: {ready} of {wanted} pods ready", name(workload)))
    };
    Ok(items(&workloads).filter_map(lacking).collect())
}

/// How many pods of a workload are ready and up to date, and how many it should have.
pub(crate) fn replicas(workload: &Value) -> (u64, u64) {
    let count = |field: &str| workload["status"][field].as_u64().unwrap_or_default();
    let ready = count("readyReplicas").min(count("updatedReplicas"));
    (ready, workload["spec"]["replicas"].as_u64().unwrap_or(1))
}
