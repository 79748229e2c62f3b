//! The pods of the shop.

use serde_json::Value;

use super::SHOP;
use super::kubectl::{condition, get, items, kubectl};

/// The running pods of the shop, without those that are being deleted, and without those that Istio
/// made for a `Gateway`, such as a waypoint.
///
/// # Errors
/// When the cluster cannot be asked.
pub(crate) fn running() -> anyhow::Result<Vec<Value>> {
    let pods = get(&[
        "pods",
        "-n",
        SHOP,
        "--field-selector",
        "status.phase=Running",
    ])?;
    let is_of_the_shop = |pod: &&Value| {
        let metadata = &pod["metadata"];
        let gateway = &metadata["labels"]["gateway.networking.k8s.io/gateway-name"];
        metadata["deletionTimestamp"].is_null() && gateway.is_null()
    };
    Ok(items(&pods).filter(is_of_the_shop).cloned().collect())
}

/// Ends all pods of a `namespace`, and waits until they are gone. Nobody will ask them any more, so they
/// need not go on serving while they stop.
///
/// # Errors
/// When the cluster refuses.
pub(super) fn end_all(namespace: &str) -> anyhow::Result<()> {
    kubectl(&[
        "delete",
        "pods",
        "--all",
        "-n",
        namespace,
        "--grace-period=1",
    ])?;
    Ok(())
}

/// Whether Kubernetes counts a pod as ready.
pub(crate) fn is_ready(pod: &Value) -> bool {
    condition(&pod["status"]["conditions"], "Ready")["status"] == "True"
}

/// Whether Istio's CNI agent leads the traffic of a pod to ztunnel.
pub(crate) fn is_redirected(pod: &Value) -> bool {
    pod["metadata"]["annotations"]["ambient.istio.io/redirection"] == "enabled"
}
