//! Where web's sidecar may send calls, and how many.

use serde_json::Value;

use super::proxy_config;
use crate::cluster::SHOP;
use crate::cluster::kubectl::elements;

/// How many of `pods` web's sidecar has ejected from those that stock-api's calls may go to.
///
/// # Errors
/// When istioctl cannot ask the sidecar.
pub(crate) fn ejected(pods: &[&Value]) -> anyhow::Result<usize> {
    let cluster = format!("outbound|80||stock-api.{SHOP}.svc.cluster.local");
    let clusters = proxy_config::of_web("endpoint", &["--cluster", &cluster])?;
    let is_ejected = |pod: &&&Value| {
        elements(&clusters)
            .flat_map(|cluster| elements(&cluster["hostStatuses"]))
            .filter(|host| host["address"]["socketAddress"]["address"] == pod["status"]["podIP"])
            .any(|host| host["healthStatus"]["failedOutlierCheck"] == true)
    };
    Ok(pods.iter().filter(is_ejected).count())
}

/// Istio writes this number where a `DestinationRule` sets no limit.
pub(crate) const UNLIMITED: u64 = u32::MAX as u64;

/// How many calls of stock-api's `subset` may be under way at the same time, as web's sidecar has it;
/// `None` while it does not know the subset.
///
/// # Errors
/// When istioctl cannot ask the sidecar.
pub(crate) fn calls_at_once(subset: &str) -> anyhow::Result<Option<u64>> {
    let service = format!("stock-api.{SHOP}.svc.cluster.local");
    let clusters = proxy_config::of_web("cluster", &["--fqdn", &service, "--subset", subset])?;
    let mut limits = elements(&clusters)
        .flat_map(|cluster| elements(&cluster["circuitBreakers"]["thresholds"]))
        .filter_map(|threshold| threshold["maxRequests"].as_u64());
    Ok(limits.next())
}
