//! One hop of a request, through a sidecar: a listener, its filters, a route and a cluster.

use serde_json::{Value, json};
use testkit::envoy::{endpoint, listener, manager, route};

use crate::certificates::Authority;

/// A port on which nobody listens.
pub(crate) const NOBODY: u16 = 1;

/// A hop, as a test may change it.
pub(crate) struct Hop {
    /// The service that is called.
    service: &'static str,
    /// HTTP filters, in their order.
    pub(crate) filters: Vec<Value>,
    /// What a `VirtualService` becomes.
    pub(crate) route: Value,
    /// What a `DestinationRule` becomes. Endpoint and transport are added unless a test sets them.
    pub(crate) cluster: Value,
}

/// A listener and its cluster, as the sidecar's configuration has them.
pub(crate) type Resources = (Value, Value);

impl Hop {
    /// A hop to `service` on which all is well.
    pub(crate) fn to(service: &'static str) -> Self {
        Self {
            service,
            filters: Vec::new(),
            route: route(service),
            // Istio limits retries only where a DestinationRule does; Envoy's default is 3 at once.
            cluster: json!({ "name": service, "circuit_breakers": {
                "thresholds": [{ "max_retries": u32::MAX }],
            }}),
        }
    }

    /// Makes it end at another `port` of loopback.
    pub(crate) fn divert(&mut self, port: u16) {
        self.cluster["load_assignment"] = endpoint(self.service, port);
    }

    /// From web, which runs as `account`, to the sidecar on `port`.
    pub(crate) fn outbound(self, port: u16, authority: &Authority, account: &str) -> Resources {
        let service = self.service;
        let (mut manager, mut cluster) = self.resources(port);
        manager["route_config"]["virtual_hosts"][0]["include_request_attempt_count"] = true.into();
        if cluster.get("transport_socket").is_none() {
            cluster["transport_socket"] = authority.upstream(account);
        }
        (listener(service, "OUTBOUND", &manager), cluster)
    }

    /// From web to a server outside of the mesh, where a test diverts it.
    pub(crate) fn plain(self) -> Resources {
        let service = self.service;
        let (manager, cluster) = self.resources(NOBODY);
        (listener(service, "OUTBOUND", &manager), cluster)
    }

    /// From other sidecars to the service on `port`, which runs as `account`.
    pub(crate) fn inbound(self, port: u16, authority: &Authority, account: &str) -> Resources {
        let (mut listener, cluster) = self.open(port);
        listener["filter_chains"][0]["transport_socket"] = authority.downstream(account);
        (listener, cluster)
    }

    /// From anybody to the service on `port`.
    pub(crate) fn open(self, port: u16) -> Resources {
        let service = self.service;
        let (mut manager, cluster) = self.resources(port);
        manager["forward_client_cert_details"] = "SANITIZE_SET".into();
        manager["set_current_client_cert_details"] = json!({ "uri": true });
        (listener(service, "INBOUND", &manager), cluster)
    }

    /// The listener's connection manager, and the cluster.
    fn resources(mut self, port: u16) -> (Value, Value) {
        if self.cluster.get("load_assignment").is_none() {
            self.divert(port);
        }
        (manager(self.filters, &self.route), self.cluster)
    }
}
