//! What carries the calls of a service: asked of the cluster, because a trace does not tell a proxy that
//! makes no span from one that is not there.

use serde_json::Value;

use crate::cluster::kubectl::{condition, get};
use crate::cluster::sidecars::Sidecar;
use crate::cluster::{SHOP, pods};

/// What carries the calls of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// The sidecar in each of its pods, which reports a span.
    Sidecar,
    /// The waypoint to which ztunnel leads the calls of its Service, which reports a span.
    Waypoint,
    /// ztunnel alone, which reports none.
    Ztunnel,
    /// No mesh.
    Nobody,
}

impl Carrier {
    /// That of the pods of `app`, which are called by their Service `service`.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(super) fn of(app: &str, service: &str) -> anyhow::Result<Self> {
        let mut pods = pods::running()?;
        pods.retain(|pod| pod["metadata"]["labels"]["app"] == app);
        Ok(Self::judge(&pods, &get(&["service", service, "-n", SHOP])?))
    }

    fn judge(pods: &[Value], service: &Value) -> Self {
        // Istio's control plane writes it.
        let bound = condition(&service["status"]["conditions"], "istio.io/WaypointBound");
        if pods.iter().any(|pod| Sidecar::of(pod).is_some()) {
            Self::Sidecar
        } else if !pods.iter().any(pods::is_redirected) {
            Self::Nobody
        } else if bound["status"] == "True" {
            Self::Waypoint
        } else {
            Self::Ztunnel
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn carrier_is_told_by_the_pods_and_by_the_waypoint_of_their_service() {
        let pod = |container: &str, redirection: &str| {
            [json!({
                "metadata": { "annotations": { "ambient.istio.io/redirection": redirection } },
                "spec": { "containers": [{ "name": container, "image": "x" }] },
            })]
        };
        let bound = |status: &str| {
            json!({ "status": { "conditions": [
                { "type": "istio.io/WaypointBound", "status": status },
            ] } })
        };
        let (sidecar, ambient) = (pod("istio-proxy", ""), pod("web", "enabled"));
        assert_eq!(Carrier::judge(&sidecar, &bound("True")), Carrier::Sidecar);
        assert_eq!(Carrier::judge(&ambient, &bound("True")), Carrier::Waypoint);
        assert_eq!(Carrier::judge(&ambient, &bound("False")), Carrier::Ztunnel);
        assert_eq!(Carrier::judge(&ambient, &json!({})), Carrier::Ztunnel);
        assert_eq!(Carrier::judge(&pod("web", ""), &json!({})), Carrier::Nobody);
    }
}
