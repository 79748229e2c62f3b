//! The configuration that proxies of the shop hold.

use serde_json::Value;

use crate::cluster::SHOP;
use crate::cluster::kubectl::istioctl_json;

/// What `istioctl proxy-config KIND` writes of web's sidecar, such as its `cluster`s, limited by `flags`.
///
/// # Errors
/// When istioctl cannot ask the sidecar.
pub(super) fn of_web(kind: &str, flags: &[&str]) -> anyhow::Result<Value> {
    of("deployment/web", kind, flags)
}

/// The same of the shop's waypoint.
///
/// # Errors
/// When istioctl cannot ask the waypoint.
pub(super) fn of_waypoint(kind: &str, flags: &[&str]) -> anyhow::Result<Value> {
    of("deployment/waypoint", kind, flags)
}

fn of(workload: &str, kind: &str, flags: &[&str]) -> anyhow::Result<Value> {
    let proxy = ["proxy-config", kind, workload, "-n", SHOP];
    istioctl_json(&[&proxy, flags, &["--output", "json"]].concat())
}
