//! The addresses of pods, and how they are written.

use anyhow::Context;
use serde_json::Value;

/// An address where a port follows: an IPv6 address stands in brackets
/// (<https://www.rfc-editor.org/rfc/rfc3986>, section 3.2.2).
pub(crate) fn host(address: &str) -> String {
    if address.contains(':') {
        format!("[{address}]")
    } else {
        address.to_owned()
    }
}

/// An address and a port, as a URL has them.
pub(crate) fn authority(address: &str, port: u16) -> String {
    format!("{}:{port}", host(address))
}

/// The address of a pod.
///
/// # Errors
/// When it has none.
pub(crate) fn of_pod(pod: &Value) -> anyhow::Result<String> {
    let address = pod["status"]["podIP"].as_str();
    address.map(str::to_owned).context("a pod has no address")
}
