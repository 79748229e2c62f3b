//! Whether the shop's images are in every node, as they are in Docker.

use super::Finding;
use super::cluster::Cluster;
use crate::images;

/// Every node has the shop's images, and none is older than Docker's.
pub(super) fn check(cluster: &Cluster) -> anyhow::Result<Finding> {
    if !images::are_built_here() {
        let images = images::shop().join(", ");
        return Ok(Finding::Fine(format!(
            "{images} are published, and the cluster downloads them; `widgetario images pull` does so now"
        )));
    }
    let inventory = images::of_the_shop(&cluster.nodes)?;
    Ok(match inventory.remedy() {
        None => Finding::Fine(inventory.summary()),
        Some(remedy) => Finding::Mend(remedy),
    })
}
