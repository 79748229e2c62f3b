//! The routes that web's sidecar holds, against those that the cluster's route objects call for.
//!
//! A route reaches a sidecar a moment after it was applied. Waiting for its effect would hide what is
//! wrong with it, so the sidecar is asked what it holds.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::Value;

use super::{Claim, eventually};
use crate::cluster::{SHOP, get, output};

/// What the walkthrough changes of a route.
#[derive(Clone, Debug, PartialEq)]
struct Route {
    /// Percents, by subset.
    weights: BTreeMap<String, u64>,
    /// Percents of the calls that fail by a fault.
    abort: f64,
    /// Percents of the calls that wait, and for how many seconds.
    delay: (f64, f64),
    /// Tries after the first; `None` where a `VirtualService` leaves it to Istio.
    retries: Option<u64>,
    /// Seconds for all tries; 0 for no end.
    timeout: f64,
    /// Seconds for one.
    per_try: f64,
}

/// Waits until web's sidecar routes calls of `service` as its `VirtualService` says.
///
/// # Errors
/// When neither can be read.
pub(super) fn arrives(service: &str) -> anyhow::Result<Claim> {
    let wanted = get(&["virtualservice", service, "-n", SHOP])?;
    let wanted = wanted["spec"]["http"].as_array().into_iter().flatten();
    let wanted: Vec<Route> = wanted.map(of_virtual_service).collect();
    let mut held = Vec::new();
    let arrived = eventually(|| {
        held = held_by_web(service)?;
        Ok(fits(&wanted, &held).then_some(()))
    })?;
    let evidence = match arrived {
        Some(()) => String::new(),
        None => format!("it holds {held:?}, not {wanted:?}"),
    };
    Ok(Claim::new(
        format!("web's sidecar routes calls of {service} as its VirtualService says"),
        arrived.is_some(),
        evidence,
    ))
}

fn fits(wanted: &[Route], held: &[Route]) -> bool {
    let fits = |(wanted, held): (&Route, &Route)| {
        let retries = wanted.retries.or(held.retries);
        let wanted = Route {
            retries,
            ..wanted.clone()
        };
        wanted == *held
    };
    !wanted.is_empty() && wanted.len() == held.len() && wanted.iter().zip(held).all(fits)
}

fn held_by_web(service: &str) -> anyhow::Result<Vec<Route>> {
    let arguments = [
        "proxy-config",
        "routes",
        "deployment/web",
        "-n",
        SHOP,
        "--name",
        "80",
        "--output",
        "json",
    ];
    let tables: Value =
        serde_json::from_str(&output("istioctl", &arguments)?).context("istioctl wrote no JSON")?;
    let name = format!("{service}.{SHOP}.svc.cluster.local:80");
    let tables = tables.as_array().into_iter().flatten();
    let hosts = tables.flat_map(|table| table["virtualHosts"].as_array().into_iter().flatten());
    let hosts = hosts.filter(|host| host["name"] == name);
    let routes = hosts.flat_map(|host| host["routes"].as_array().into_iter().flatten());
    Ok(routes.map(of_envoy).collect())
}

fn of_virtual_service(route: &Value) -> Route {
    let destinations = route["route"].as_array().into_iter().flatten();
    let weights = destinations.map(|it| {
        let subset = it["destination"]["subset"].as_str().unwrap_or_default();
        (subset.to_owned(), it["weight"].as_u64())
    });
    let weights: Vec<_> = weights.collect();
    let alone = if weights.len() == 1 { 100 } else { 0 };
    let weights = weights
        .into_iter()
        .map(|(subset, weight)| (subset, weight.unwrap_or(alone)));
    let (abort, delay) = (&route["fault"]["abort"], &route["fault"]["delay"]);
    let percent = |fault: &Value| fault["percentage"]["value"].as_f64().unwrap_or_default();
    Route {
        weights: weights.filter(|(_, weight)| *weight > 0).collect(),
        abort: percent(abort),
        delay: (percent(delay), seconds(&delay["fixedDelay"])),
        retries: route["retries"]["attempts"].as_u64(),
        timeout: seconds(&route["timeout"]),
        per_try: seconds(&route["retries"]["perTryTimeout"]),
    }
}

/// How many tries follow the first; Envoy's default is one, where there is a policy at all
/// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto>).
pub(super) fn retries(policy: &Value) -> u64 {
    match policy {
        Value::Null => 0,
        policy => policy["numRetries"].as_u64().unwrap_or(1),
    }
}

fn of_envoy(route: &Value) -> Route {
    let action = &route["route"];
    // `outbound|80|v1|stock-api.widgetario.svc.cluster.local`
    let subset = |cluster: &Value| {
        let name = cluster.as_str().unwrap_or_default();
        name.split('|').nth(2).unwrap_or_default().to_owned()
    };
    let clusters = action["weightedClusters"]["clusters"].as_array();
    let weights: BTreeMap<String, u64> = match clusters {
        Some(clusters) => {
            let weights = clusters.iter().filter_map(|cluster| {
                Some((subset(&cluster["name"]), cluster["weight"].as_u64()?))
            });
            weights.filter(|(_, weight)| *weight > 0).collect()
        }
        None => [(subset(&action["cluster"]), 100)].into(),
    };
    let fault = &route["typedPerFilterConfig"]["envoy.filters.http.fault"];
    let (abort, delay) = (&fault["abort"], &fault["delay"]);
    Route {
        weights,
        abort: percent(&abort["percentage"]),
        delay: (percent(&delay["percentage"]), seconds(&delay["fixedDelay"])),
        retries: Some(retries(&action["retryPolicy"])),
        timeout: seconds(&action["timeout"]),
        per_try: seconds(&action["retryPolicy"]["perTryTimeout"]),
    }
}

/// `{"numerator": 200000, "denominator": "MILLION"}`
/// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/v3/percent.proto>).
fn percent(fraction: &Value) -> f64 {
    let hundredth = match fraction["denominator"].as_str() {
        Some("MILLION") => 10_000.0,
        Some("TEN_THOUSAND") => 100.0,
        _ => 1.0,
    };
    fraction["numerator"].as_f64().unwrap_or_default() / hundredth
}

/// `1.500s`, `300ms`; 0 where there is none.
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
        let wanted = [of_virtual_service(&half())];
        assert!(fits(&wanted, &[of_envoy(&weighted(50, 50))]));
        assert!(!fits(&wanted, &[of_envoy(&weighted(75, 25))]));
        assert!(!fits(&wanted, &[]));
        assert!(!fits(&[], &[]));
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
        let wanted = [of_virtual_service(&wanted)];
        assert!(fits(&wanted, &[of_envoy(&held(700_000))]));
        assert!(!fits(&wanted, &[of_envoy(&held(600_000))]));
    }
}
