//! The proxy that chooses where a call of a service goes, and the routes that it holds.

use anyhow::Context;
use serde_json::Value;

use super::proxy_config;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{elements, get};

/// The proxy that chooses where a call of a service goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoutingProxy {
    /// That of the caller.
    WebsSidecar,
    /// That of the called Service, for all callers.
    Waypoint,
}

impl RoutingProxy {
    /// The proxy for calls of `service`: the waypoint that the Service's label names or, if there is none,
    /// web's sidecar.
    ///
    /// # Errors
    /// When the cluster has no such Service, or cannot be asked.
    pub(crate) fn of(service: &str) -> anyhow::Result<Self> {
        let service = get(&["service", service, "-n", SHOP])?;
        Ok(
            match &service["metadata"]["labels"]["istio.io/use-waypoint"] {
                Value::Null => Self::WebsSidecar,
                _ => Self::Waypoint,
            },
        )
    }

    /// The proxy in words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WebsSidecar => "web's sidecar",
            Self::Waypoint => "the waypoint",
        }
    }

    /// The routes that it holds for calls of `service`, in Envoy's form.
    ///
    /// # Errors
    /// When istioctl cannot ask it.
    pub(super) fn routes(self, service: &str) -> anyhow::Result<Vec<Value>> {
        let service = format!("{service}.{SHOP}.svc.cluster.local");
        let hosts = match self {
            Self::WebsSidecar => {
                let tables = proxy_config::of_web("routes", &["--name", "80"])?;
                let hosts = elements(&tables).flat_map(|table| elements(&table["virtualHosts"]));
                let name = format!("{service}:80");
                hosts
                    .filter(|host| host["name"] == *name)
                    .cloned()
                    .collect()
            }
            Self::Waypoint => {
                let listeners = proxy_config::of_waypoint("listener", &[])?;
                hosts_of(&listeners, &service)?
            }
        };
        let routes = hosts.iter().flat_map(|host| elements(&host["routes"]));
        Ok(routes.cloned().collect())
    }
}

/// The virtual hosts for `service` in a waypoint's listener, which holds them itself. What istioctl lists as
/// the waypoint's routes has those of listeners, too, that are only waiting for their last calls.
fn hosts_of(listeners: &Value, service: &str) -> anyhow::Result<Vec<Value>> {
    let name = format!("inbound-vip|80|http|{service}");
    let mut chains = elements(listeners).flat_map(|listener| elements(&listener["filterChains"]));
    let chain = chains.find(|chain| chain["name"] == *name);
    let chain = chain.with_context(|| format!("the waypoint takes no calls of {service}"))?;
    let filters = elements(&chain["filters"]);
    let hosts =
        filters.flat_map(|filter| elements(&filter["typedConfig"]["routeConfig"]["virtualHosts"]));
    Ok(hosts.cloned().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn waypoint_holds_the_routes_of_a_service_in_the_chain_of_its_name() {
        let chain = |service: &str| {
            let hosts = json!([{ "name": service, "routes": [] }]);
            json!({
                "name": format!("inbound-vip|80|http|{service}"),
                "filters": [{ "typedConfig": { "routeConfig": { "virtualHosts": hosts } } }],
            })
        };
        let listeners = json!([{ "filterChains": [chain("products-api"), chain("stock-api")] }]);
        let hosts = hosts_of(&listeners, "stock-api").expect("hosts");
        assert_eq!(hosts.len(), 1);
        assert_eq!(hosts[0]["name"], "stock-api");
        assert!(hosts_of(&listeners, "web").is_err());
    }
}
