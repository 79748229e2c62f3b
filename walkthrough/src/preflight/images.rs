//! Whether the shop's images are in every node.

use serde_json::Value;

use super::Finding;
use super::cluster::Cluster;
use crate::cluster::kubectl::{elements, items};
use crate::images;

/// Every node has the shop's images.
pub(super) fn check(cluster: &Cluster) -> anyhow::Result<Finding> {
    let wanted = images::shop();
    let mut missing = Vec::new();
    for node in items(&cluster.nodes) {
        let names: Vec<&str> = elements(&node["status"]["images"])
            .flat_map(|image| elements(&image["names"]))
            .filter_map(Value::as_str)
            .collect();
        let name = node["metadata"]["name"].as_str().unwrap_or_default();
        let is_missing = |image: &&String| !names.iter().any(|name| name.ends_with(image.as_str()));
        let images = wanted.iter().filter(is_missing);
        missing.extend(images.map(|image| format!("{image} in {name}")));
    }
    Ok(if missing.is_empty() {
        Finding::Fine(wanted.join(", "))
    } else {
        Finding::Mend(format!(
            "not known: {}; `docker compose build` makes them, and `widgetario images load` loads \
             them (a node lists 50 images at most)",
            missing.join(", ")
        ))
    })
}
