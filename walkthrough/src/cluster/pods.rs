//! The pods of the shop.

use serde_json::Value;

use super::SHOP;
use super::kubectl::{elements, get, items};

/// The running pods of the shop, without those that are being deleted.
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
    let stays = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_null();
    Ok(items(&pods).filter(stays).cloned().collect())
}

/// Whether Kubernetes counts a pod as ready.
pub(crate) fn is_ready(pod: &Value) -> bool {
    elements(&pod["status"]["conditions"])
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
