//! The supplier, which stands outside of the mesh, asked past the mesh.

use std::collections::BTreeMap;

use anyhow::Context;

use super::address::{authority, of_pod};
use crate::cluster::kubectl::{get, items, kubectl};

/// The namespace outside of the mesh.
const OUTSIDE: &str = "outside";
/// What the supplier is asked, at its port.
const PORT: u16 = 8080;
const PATH: &str = "/fortio/data/deliveries.json";

/// What the supplier answers through Kubernetes' API server: for each product when there will be more.
///
/// # Errors
/// When it does not answer, or not so.
pub(crate) fn deliveries() -> anyhow::Result<BTreeMap<i64, String>> {
    let path = format!("/api/v1/namespaces/{OUTSIDE}/services/http:example:{PORT}/proxy{PATH}");
    let text = kubectl(&["get", "--raw", &path]).context("the supplier did not answer")?;
    serde_json::from_str(&text).context("the supplier did not say when there will be more")
}

/// Where the supplier answers, by its pod's address in the place of its name.
///
/// # Errors
/// When it has no pod with an address.
pub(crate) fn nameless_url() -> anyhow::Result<String> {
    let pods = get(&["pods", "-n", OUTSIDE, "-l", "app=supplier"])?;
    let pod = items(&pods).next().context("the supplier has no pod")?;
    Ok(format!("http://{}{PATH}", authority(&of_pod(pod)?, PORT)))
}
