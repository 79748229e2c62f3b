//! The routes that web's sidecar holds, and those that the cluster's `VirtualService`s define.
//!
//! A route reaches a sidecar a moment after it was applied. A wait for the effect of a route would
//! hide what is wrong with the route, so the sidecar is asked which routes it holds.

use std::collections::BTreeMap;

use serde_json::Value;

use super::proxy_config;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{elements, get};

/// The properties of a route that the walkthrough changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    /// The percentage of the calls for each subset.
    weights: BTreeMap<String, u64>,
    /// The subset that gets a copy of calls, and of how many percent.
    mirror: Option<(String, f64)>,
    /// The percentage of the calls that a fault makes fail.
    abort: f64,
    /// The percentage of the calls that a fault delays, and for how many seconds.
    delay: (f64, f64),
    /// How many tries follow the first; `None` when a `VirtualService` leaves that to Istio.
    pub(crate) retries: Option<u64>,
    /// Seconds for all tries together; 0 for no limit.
    timeout: f64,
    /// Seconds for one try; 0 for no limit.
    per_try: f64,
}

/// A route of web's sidecar.
pub(crate) struct HeldRoute {
    pub(crate) route: Route,
    /// Whether it takes requests of every method, and so those that may be sales.
    pub(crate) takes_every_method: bool,
}

/// The routes that web's sidecar holds for calls of `service`.
///
/// # Errors
/// When istioctl cannot ask the sidecar.
pub(crate) fn held_by_web(service: &str) -> anyhow::Result<Vec<HeldRoute>> {
    let tables = proxy_config::of_web("routes", &["--name", "80"])?;
    let name = format!("{service}.{SHOP}.svc.cluster.local:80");
    let routes = elements(&tables)
        .flat_map(|table| elements(&table["virtualHosts"]))
        .filter(|host| host["name"] == name)
        .flat_map(|host| elements(&host["routes"]));
    Ok(routes.map(HeldRoute::of_envoy).collect())
}

/// The routes that the `VirtualService` of `service` defines.
///
/// # Errors
/// When the cluster has none, or cannot be asked.
pub(crate) fn of_virtual_service(service: &str) -> anyhow::Result<Vec<Route>> {
    let object = get(&["virtualservice", service, "-n", SHOP])?;
    let routes = elements(&object["spec"]["http"]);
    Ok(routes.map(Route::of_virtual_service).collect())
}

/// Whether a sidecar holds what is `wanted`, route by route.
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

impl HeldRoute {
    fn of_envoy(route: &Value) -> Self {
        let mut conditions = elements(&route["match"]["headers"]);
        Self {
            route: Route::of_envoy(route),
            takes_every_method: !conditions.any(|condition| condition["name"] == ":method"),
        }
    }
}

impl Route {
    /// A route of a `VirtualService`
    /// (<https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute>).
    fn of_virtual_service(route: &Value) -> Self {
        let destinations: Vec<&Value> = elements(&route["route"]).collect();
        // A single destination needs no weight.
        let default_weight = if destinations.len() == 1 { 100 } else { 0 };
        let weights = destinations.iter().map(|destination| {
            let subset = destination["destination"]["subset"].as_str();
            let weight = destination["weight"].as_u64().unwrap_or(default_weight);
            (subset.unwrap_or_default().to_owned(), weight)
        });
        let (abort, delay) = (&route["fault"]["abort"], &route["fault"]["delay"]);
        let percent = |fault: &Value| fault["percentage"]["value"].as_f64().unwrap_or_default();
        let mirror = route["mirror"]["subset"].as_str().map(|subset| {
            let percent = route["mirrorPercentage"]["value"].as_f64();
            (subset.to_owned(), percent.unwrap_or(100.0))
        });
        Self {
            weights: weights.filter(|(_, weight)| *weight > 0).collect(),
            mirror,
            abort: percent(abort),
            delay: (percent(delay), seconds(&delay["fixedDelay"])),
            retries: route["retries"]["attempts"].as_u64(),
            timeout: seconds(&route["timeout"]),
            per_try: seconds(&route["retries"]["perTryTimeout"]),
        }
    }

    /// A route of Envoy
    /// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto>).
    fn of_envoy(route: &Value) -> Self {
        let action = &route["route"];
        let weights = match action["weightedClusters"]["clusters"].as_array() {
            Some(clusters) => {
                let weights = clusters.iter().filter_map(|cluster| {
                    Some((subset(&cluster["name"]), cluster["weight"].as_u64()?))
                });
                weights.filter(|(_, weight)| *weight > 0).collect()
            }
            None => [(subset(&action["cluster"]), 100)].into(),
        };
        let mirror = elements(&action["requestMirrorPolicies"]).next();
        let mirror = mirror.map(|policy| {
            let share = percent(&policy["runtimeFraction"]["defaultValue"]);
            (subset(&policy["cluster"]), share)
        });
        let fault = &route["typedPerFilterConfig"]["envoy.filters.http.fault"];
        let (abort, delay) = (&fault["abort"], &fault["delay"]);
        Self {
            weights,
            mirror,
            abort: percent(&abort["percentage"]),
            delay: (percent(&delay["percentage"]), seconds(&delay["fixedDelay"])),
            retries: Some(retries(&action["retryPolicy"])),
            timeout: seconds(&action["timeout"]),
            per_try: seconds(&action["retryPolicy"]["perTryTimeout"]),
        }
    }
}

/// The subset in the name of an Envoy cluster, `outbound|80|v1|stock-api.widgetario.svc.cluster.local`.
fn subset(cluster: &Value) -> String {
    let name = cluster.as_str().unwrap_or_default();
    name.split('|').nth(2).unwrap_or_default().to_owned()
}

/// How many tries follow the first. Without a policy there are none; a policy's default is one.
fn retries(policy: &Value) -> u64 {
    match policy {
        Value::Null => 0,
        policy => policy["numRetries"].as_u64().unwrap_or(1),
    }
}

/// The percentage in a fraction such as `{"numerator": 200000, "denominator": "MILLION"}`
/// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/v3/percent.proto>).
fn percent(fraction: &Value) -> f64 {
    let hundredth = match fraction["denominator"].as_str() {
        Some("MILLION") => 10_000.0,
        Some("TEN_THOUSAND") => 100.0,
        _ => 1.0,
    };
    fraction["numerator"].as_f64().unwrap_or_default() / hundredth
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

    fn half() -> Value {
        json!({ "route": [
            { "destination": { "host": "products-api", "subset": "v1" }, "weight": 50 },
            { "destination": { "host": "products-api", "subset": "v2" }, "weight": 50 },
        ] })
    }

    fn weighted(old: u64, new: u64) -> Value {
        json!({ "route": { "timeout": "0s", "retryPolicy": { "numRetries": 2 },
            "weightedClusters": { "clusters": [
                { "name": "outbound|80|v1|products-api", "weight": old },
                { "name": "outbound|80|v2|products-api", "weight": new },
            ] } } })
    }

    #[test]
    fn old_weights_are_not_the_new_ones() {
        let wanted = [Route::of_virtual_service(&half())];
        assert!(are_held(&wanted, &[Route::of_envoy(&weighted(50, 50))]));
        assert!(!are_held(&wanted, &[Route::of_envoy(&weighted(75, 25))]));
        assert!(!are_held(&wanted, &[]));
        assert!(!are_held(&[], &[]));
    }

    #[test]
    fn copy_is_told_by_its_subset_and_its_percentage() {
        let wanted = json!({ "route": [{ "destination": { "host": "products-api", "subset": "v1" } }],
            "mirror": { "host": "products-api", "subset": "v2" } });
        let held = |numerator: u32| {
            json!({ "route": { "cluster": "outbound|80|v1|products-api", "timeout": "0s",
                "requestMirrorPolicies": [{ "cluster": "outbound|80|v2|products-api", "runtimeFraction": {
                    "defaultValue": { "numerator": numerator, "denominator": "MILLION" } } }] } })
        };
        let wanted = [Route::of_virtual_service(&wanted)];
        assert!(are_held(&wanted, &[Route::of_envoy(&held(1_000_000))]));
        assert!(!are_held(&wanted, &[Route::of_envoy(&held(500_000))]));
    }

    #[test]
    fn fault_is_told_by_its_percentage_and_its_length() {
        let wanted = json!({ "fault": { "delay": { "percentage": { "value": 70 }, "fixedDelay": "1.5s" } },
            "route": [{ "destination": { "host": "stock-api", "subset": "v1" } }] });
        let held = |numerator: u32| {
            json!({ "route": { "cluster": "outbound|80|v1|stock-api", "timeout": "0s" },
                "typedPerFilterConfig": { "envoy.filters.http.fault": { "delay": { "fixedDelay": "1.500s",
                    "percentage": { "numerator": numerator, "denominator": "MILLION" } } } } })
        };
        let wanted = [Route::of_virtual_service(&wanted)];
        assert!(are_held(&wanted, &[Route::of_envoy(&held(700_000))]));
        assert!(!are_held(&wanted, &[Route::of_envoy(&held(600_000))]));
    }
}
