//! How much memory containers need, as each node's kubelet measures it.

use anyhow::Context;
use serde_json::Value;

use crate::cluster::kubectl::{elements, get, items, kubectl};

/// The working set of a container, in bytes: what the kernel cannot take back from it.
pub(crate) struct Container {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

/// All running containers of the cluster. A container that has just started has no measurement yet, and
/// is missing.
///
/// # Errors
/// When the cluster, or a kubelet, cannot be asked.
pub(crate) fn containers() -> anyhow::Result<Vec<Container>> {
    let mut containers = Vec::new();
    for node in items(&get(&["nodes"])?) {
        let node = node["metadata"]["name"].as_str().unwrap_or_default();
        let summary = kubectl(&[
            "get",
            "--raw",
            &format!("/api/v1/nodes/{node}/proxy/stats/summary"),
        ])?;
        let summary: Value = serde_json::from_str(&summary)
            .with_context(|| format!("the kubelet of {node} wrote no JSON"))?;
        for pod in elements(&summary["pods"]) {
            containers
                .extend(elements(&pod["containers"]).filter_map(|container| read(pod, container)));
        }
    }
    Ok(containers)
}

fn read(pod: &Value, container: &Value) -> Option<Container> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(Container {
        namespace: text(&pod["podRef"]["namespace"])?,
        pod: text(&pod["podRef"]["name"])?,
        name: text(&container["name"])?,
        bytes: container["memory"]["workingSetBytes"].as_u64()?,
    })
}

/// Bytes in mebibytes, rounded.
pub(crate) fn mebibytes(bytes: u64) -> u64 {
    (bytes + (1 << 19)) >> 20
}
