//! The routes that a proxy holds, web's sidecar or a waypoint, and those that the cluster's objects define.
//!
//! A route reaches a proxy a moment after it was applied. A wait for the effect of a route would
//! hide what is wrong with the route, so the proxy is asked which routes it holds.

mod envoy;
mod http_route;
mod virtual_service;

use std::collections::BTreeMap;

use anyhow::bail;
use serde_json::Value;

use super::routing_proxy::RoutingProxy;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{get, items};

/// The properties of a route that the walkthrough changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Route {
    /// The percentage of the calls for each destination: a subset, or a Service where no subset is named.
    weights: BTreeMap<String, u64>,
    /// The subset that gets a copy of calls, and of how many percent.
    mirror: Option<(String, f64)>,
    /// The percentage of the calls that a fault makes fail.
    abort: f64,
    /// The percentage of the calls that a fault delays, and for how many seconds.
    delay: (f64, f64),
    /// How many tries follow the first; `None` when an object leaves that to Istio.
    pub(crate) retries: Option<u64>,
    /// Seconds for all tries together; 0 for no limit.
    timeout: f64,
    /// Seconds for one try; 0 for no limit.
    per_try: f64,
}

/// A route of a proxy.
pub(crate) struct HeldRoute {
    pub(crate) route: Route,
    /// Whether it takes requests of every method, and so those that may be sales.
    pub(crate) takes_every_method: bool,
    /// What is tried again, in Envoy's words, and the statuses that are
    /// (<https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on>).
    pub(crate) retry_on: Vec<String>,
}

/// The routes of a service, as one object defines them.
pub(crate) struct Defined {
    /// The object's kind: `VirtualService` or `HTTPRoute`.
    pub(crate) kind: &'static str,
    pub(crate) routes: Vec<Route>,
}

/// Reads the routes that the `spec` of an object defines.
type Reader = fn(&Value) -> Vec<Route>;

/// The routes that `proxy` holds for calls of `service`.
///
/// # Errors
/// When istioctl cannot ask the proxy.
pub(crate) fn held(proxy: RoutingProxy, service: &str) -> anyhow::Result<Vec<HeldRoute>> {
    let routes = proxy.routes(service)?;
    Ok(routes.iter().map(HeldRoute::of_envoy).collect())
}

/// The routes that the `VirtualService` called `service` defines or, if there is none, the `HTTPRoute`.
///
/// # Errors
/// When the cluster has neither, or cannot be asked.
pub(crate) fn defined(service: &str) -> anyhow::Result<Defined> {
    let readers: [(&str, Reader); 2] = [
        ("VirtualService", virtual_service::routes),
        ("HTTPRoute", http_route::routes),
    ];
    // The cluster knows HTTPRoutes only from demo 7 on.
    for (kind, read) in readers {
        let list = get(&[kind, "-n", SHOP])?;
        let mut named = items(&list).filter(|object| object["metadata"]["name"] == service);
        if let Some(object) = named.next() {
            let routes = read(&object["spec"]);
            return Ok(Defined { kind, routes });
        }
    }
    bail!("no object defines routes of {service}")
}

/// Whether a proxy holds what is `wanted`, route by route.
pub(crate) fn are_held(wanted: &[Route], held: &[Route]) -> bool {
    let is_held = |(wanted, held): (&Route, &Route)| {
        let retries = wanted.retries.or(held.retries);
        let wanted = Route {
            retries,
            ..wanted.clone()
        };
        wanted == *held
    };
    !wanted.is_empty() && wanted.len() == held.len() && wanted.iter().zip(held).all(is_held)
}

/// The percentages that weights stand for: they are parts of their sum. A weight of 0 is left out.
fn percentages(weights: impl Iterator<Item = (String, u64)>) -> BTreeMap<String, u64> {
    let mut weights: BTreeMap<_, _> = weights.filter(|(_, weight)| *weight > 0).collect();
    let sum: u64 = weights.values().sum();
    for weight in weights.values_mut() {
        *weight = *weight * 100 / sum;
    }
    weights
}

/// How a destination is called: by its subset or, without one, by its Service.
fn destination(subset: Option<&str>, service: Option<&str>) -> String {
    let subset = subset.filter(|subset| !subset.is_empty());
    subset.or(service).unwrap_or_default().to_owned()
}

/// The seconds of a duration such as `1.500s` or `300ms`; 0 when there is none.
fn seconds(duration: &Value) -> f64 {
    let text = duration.as_str().unwrap_or_default();
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.trim_end_matches('s'), 1.0),
    };
    number.parse::<f64>().unwrap_or_default() * unit
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whether Envoy's route `held` is the only one that `spec` defines, as `read` reads it.
    fn is_held(read: Reader, spec: &Value, held: &Value) -> bool {
        are_held(&read(spec), &[HeldRoute::of_envoy(held).route])
    }

    fn weighted(old: (&str, u64), new: (&str, u64)) -> Value {
        json!({ "route": { "timeout": "0s", "retryPolicy": { "numRetries": 2 },
            "weightedClusters": { "clusters": [
                { "name": format!("outbound|80|{}", old.0), "weight": old.1 },
                { "name": format!("outbound|80|{}", new.0), "weight": new.1 },
            ] } } })
    }

    #[test]
    fn old_weights_are_not_the_new_ones() {
        let spec = json!({ "http": [{ "route": [
            { "destination": { "host": "products-api", "subset": "v1" }, "weight": 50 },
            { "destination": { "host": "products-api", "subset": "v2" }, "weight": 50 },
        ] }] });
        let held = |old, new| weighted(("v1|products-api", old), ("v2|products-api", new));
        assert!(is_held(virtual_service::routes, &spec, &held(50, 50)));
        assert!(!is_held(virtual_service::routes, &spec, &held(75, 25)));
        assert!(!are_held(&virtual_service::routes(&spec), &[]));
        assert!(!are_held(&[], &[]));
    }

    #[test]
    fn weights_of_services_are_parts_of_their_sum() {
        let spec = json!({ "rules": [{ "backendRefs": [
            { "name": "products-api-v1", "weight": 3 },
            { "name": "products-api-v2", "weight": 1 },
        ] }] });
        let held = |old, new| {
            let host = |name: &str| format!("|{name}.widgetario.svc.cluster.local");
            let (first, second) = (host("products-api-v1"), host("products-api-v2"));
            weighted((&first, old), (&second, new))
        };
        assert!(is_held(http_route::routes, &spec, &held(75, 25)));
        assert!(!is_held(http_route::routes, &spec, &held(25, 75)));
    }

    #[test]
    fn rule_of_an_http_route_is_a_route_for_each_of_its_matches() {
        let backend = json!([{ "name": "stock-api", "port": 80 }]);
        let rule = json!({ "matches": [{ "method": "GET" }, { "method": "HEAD" }],
            "timeouts": { "request": "500ms" }, "backendRefs": backend });
        let wanted = http_route::routes(&json!({ "rules": [rule, { "backendRefs": backend }] }));
        let held = |timeout: &str| {
            let held = HeldRoute::of_envoy(&json!({ "route": { "timeout": timeout,
                "cluster": "outbound|80||stock-api.widgetario.svc.cluster.local" } }));
            held.route
        };
        let all = |timeout| [held(timeout), held(timeout), held("0s")];
        assert!(are_held(&wanted, &all("0.500s")));
        assert!(!are_held(&wanted, &all("0s")));
    }

    #[test]
    fn most_specific_rule_of_an_http_route_is_asked_first_wherever_it_stands() {
        let rule = |version: &str| json!({ "backendRefs": [{ "name": version, "port": 80 }] });
        let (mut everybody, mut testers) = (rule("products-api-v2"), rule("products-api-v1"));
        // The API server adds the path.
        let path = json!({ "type": "PathPrefix", "value": "/" });
        everybody["matches"] = json!([{ "path": path }]);
        testers["matches"] =
            json!([{ "path": path, "headers": [{ "name": "end-user", "value": "tester" }] }]);
        let held = ["products-api-v1", "products-api-v2"].map(|name| {
            let cluster = format!("outbound|80||{name}.widgetario.svc.cluster.local");
            HeldRoute::of_envoy(&json!({ "route": { "timeout": "0s", "cluster": cluster } })).route
        });
        let orders = [[&everybody, &testers], [&testers, &everybody]];
        for rules in orders {
            let wanted = http_route::routes(&json!({ "rules": rules }));
            assert!(are_held(&wanted, &held));
        }
    }

    #[test]
    fn copy_is_told_by_its_subset_and_its_percentage() {
        let spec = json!({ "http": [{
            "route": [{ "destination": { "host": "products-api", "subset": "v1" } }],
            "mirror": { "host": "products-api", "subset": "v2" } }] });
        let held = |numerator: u32| {
            json!({ "route": { "cluster": "outbound|80|v1|products-api", "timeout": "0s",
                "requestMirrorPolicies": [{ "cluster": "outbound|80|v2|products-api", "runtimeFraction": {
                    "defaultValue": { "numerator": numerator, "denominator": "MILLION" } } }] } })
        };
        assert!(is_held(virtual_service::routes, &spec, &held(1_000_000)));
        assert!(!is_held(virtual_service::routes, &spec, &held(500_000)));
    }

    #[test]
    fn fault_is_told_by_its_percentage_and_its_length() {
        let spec = json!({ "http": [{
            "fault": { "delay": { "percentage": { "value": 70 }, "fixedDelay": "1.5s" } },
            "route": [{ "destination": { "host": "stock-api", "subset": "v1" } }] }] });
        let held = |numerator: u32| {
            json!({ "route": { "cluster": "outbound|80|v1|stock-api", "timeout": "0s" },
                "typedPerFilterConfig": { "envoy.filters.http.fault": { "delay": { "fixedDelay": "1.500s",
                    "percentage": { "numerator": numerator, "denominator": "MILLION" } } } } })
        };
        assert!(is_held(virtual_service::routes, &spec, &held(700_000)));
        assert!(!is_held(virtual_service::routes, &spec, &held(600_000)));
    }

    #[test]
    fn what_is_tried_again_is_each_cause_and_each_status() {
        let held = HeldRoute::of_envoy(&json!({ "route": { "retryPolicy": {
            "retryOn": "connect-failure,retriable-status-codes", "retriableStatusCodes": [503] } } }));
        let expected = ["connect-failure", "retriable-status-codes", "503"];
        assert_eq!(held.retry_on, expected);
        assert_eq!(HeldRoute::of_envoy(&json!({})).retry_on, [""; 0]);
    }
}
