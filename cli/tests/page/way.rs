//! The way of a request through one sidecar: a listener, its filters, a route and a cluster.

use serde_json::{Value, json};

use crate::certificates::Authority;
use crate::envoy::{endpoint, listener, manager, route};

/// What a test may twist of a way.
pub(crate) struct Way {
    name: &'static str,
    /// HTTP filters, in their order.
    pub(crate) filters: Vec<Value>,
    /// What a `VirtualService` becomes.
    pub(crate) route: Value,
    /// What a `DestinationRule` becomes. What it lacks of endpoint and transport is as it should be.
    pub(crate) cluster: Value,
}

/// A listener and its cluster, as the sidecar's configuration has them.
pub(crate) type Ends = [Value; 2];

impl Way {
    pub(crate) fn to(name: &'static str) -> Self {
        Self {
            name,
            filters: Vec::new(),
            route: route(name),
            // Istio limits retries only where a DestinationRule does; Envoy's default is 3 at once.
            cluster: json!({ "name": name, "circuit_breakers": {
                "thresholds": [{ "max_retries": u32::MAX }],
            }}),
        }
    }

    /// Ends it elsewhere.
    pub(crate) fn divert(&mut self, port: u16) {
        self.cluster["load_assignment"] = endpoint(self.name, port);
    }

    /// From web, which runs as `account`, to the sidecar on `port`.
    pub(crate) fn outbound(self, port: u16, authority: &Authority, account: &str) -> Ends {
        let name = self.name;
        let [mut manager, mut cluster] = self.ends(port);
        manager["route_config"]["virtual_hosts"][0]["include_request_attempt_count"] = true.into();
        if cluster.get("transport_socket").is_none() {
            cluster["transport_socket"] = authority.upstream(account);
        }
        [listener(name, "OUTBOUND", &manager), cluster]
    }

    /// From other sidecars to the service on `port`, which runs as `account`.
    pub(crate) fn inbound(self, port: u16, authority: &Authority, account: &str) -> Ends {
        let [mut listener, cluster] = self.open(port);
        listener["filter_chains"][0]["transport_socket"] = authority.downstream(account);
        [listener, cluster]
    }

    /// From anybody to the service on `port`.
    pub(crate) fn open(self, port: u16) -> Ends {
        let name = self.name;
        let [mut manager, cluster] = self.ends(port);
        manager["forward_client_cert_details"] = "SANITIZE_SET".into();
        manager["set_current_client_cert_details"] = json!({ "uri": true });
        [listener(name, "INBOUND", &manager), cluster]
    }

    fn ends(mut self, port: u16) -> [Value; 2] {
        if self.cluster.get("load_assignment").is_none() {
            self.divert(port);
        }
        [manager(self.filters, &self.route), self.cluster]
    }
}
