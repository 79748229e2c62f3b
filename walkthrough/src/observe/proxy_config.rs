//! The configuration that web's sidecar holds.

use serde_json::Value;

use crate::cluster::SHOP;
use crate::cluster::kubectl::istioctl_json;

/// What `istioctl proxy-config KIND` writes of web's sidecar, such as its `cluster`s, limited by `flags`.
///
/// # Errors
/// When istioctl cannot ask the sidecar.
pub(super) fn of_web(kind: &str, flags: &[&str]) -> anyhow::Result<Value> {
    let sidecar = ["proxy-config", kind, "deployment/web", "-n", SHOP];
    istioctl_json(&[&sidecar, flags, &["--output", "json"]].concat())
}
