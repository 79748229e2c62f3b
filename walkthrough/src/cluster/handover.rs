//! The way from ambient back to sidecars, on which no pod leaves the mesh.

use serde_json::Value;

use super::kubectl::kubectl;
use super::{SHOP, rollout};

/// Gives the shop's pods their sidecars while their namespace is still ambient, if that is how it is
/// `held` in the cluster and not how it is `wanted`. Returns a line for each workload that was restarted.
///
/// Istio's CNI agent takes pods out of the mesh as soon as their namespace loses its label, and leaves
/// alone those that have a sidecar.
///
/// # Errors
/// When the cluster refuses.
pub(super) fn to_sidecars(wanted: &Value, held: &Value) -> anyhow::Result<Vec<String>> {
    if !is_ambient(held) || is_ambient(wanted) || !has_sidecars(wanted) {
        return Ok(Vec::new());
    }
    let label = ["label", "namespace", SHOP, "--overwrite"];
    kubectl(&[&label[..], &["istio-injection=enabled"]].concat())?;
    rollout::settle()
}

fn is_ambient(namespace: &Value) -> bool {
    namespace["metadata"]["labels"]["istio.io/dataplane-mode"] == "ambient"
}

fn has_sidecars(namespace: &Value) -> bool {
    namespace["metadata"]["labels"]["istio-injection"] == "enabled"
}
