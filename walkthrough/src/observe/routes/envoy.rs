//! The routes of a proxy, in Envoy's form
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto>).

use serde_json::Value;

use super::{HeldRoute, Route, destination, percentages, seconds};
use crate::cluster::kubectl::elements;

impl HeldRoute {
    pub(super) fn of_envoy(route: &Value) -> Self {
        let mut conditions = elements(&route["match"]["headers"]);
        let policy = &route["route"]["retryPolicy"];
        let causes = policy["retryOn"].as_str().into_iter();
        let causes = causes
            .flat_map(|causes| causes.split(','))
            .map(str::to_owned);
        let statuses = elements(&policy["retriableStatusCodes"]).map(Value::to_string);
        Self {
            route: self::route(route),
            takes_every_method: !conditions.any(|condition| condition["name"] == ":method"),
            retry_on: causes.chain(statuses).collect(),
        }
    }
}

fn route(route: &Value) -> Route {
    let action = &route["route"];
    let weights = match action["weightedClusters"]["clusters"].as_array() {
        Some(clusters) => percentages(clusters.iter().filter_map(|cluster| {
            let weight = cluster["weight"].as_u64()?;
            Some((destination_of(&cluster["name"]), weight))
        })),
        None => [(destination_of(&action["cluster"]), 100)].into(),
    };
    let mirror = elements(&action["requestMirrorPolicies"]).next();
    let mirror = mirror.map(|policy| {
        let share = percent(&policy["runtimeFraction"]["defaultValue"]);
        (destination_of(&policy["cluster"]), share)
    });
    let fault = &route["typedPerFilterConfig"]["envoy.filters.http.fault"];
    let (abort, delay) = (&fault["abort"], &fault["delay"]);
    Route {
        weights,
        mirror,
        abort: percent(&abort["percentage"]),
        delay: (percent(&delay["percentage"]), seconds(&delay["fixedDelay"])),
        retries: Some(retries(&action["retryPolicy"])),
        timeout: seconds(&action["timeout"]),
        per_try: seconds(&action["retryPolicy"]["perTryTimeout"]),
    }
}

/// The destination in the name of a cluster: `outbound|80|v1|stock-api.widgetario.svc.cluster.local`, or
/// `inbound-vip|80|http/v1|stock-api.widgetario.svc.cluster.local` for the Services of a waypoint.
fn destination_of(cluster: &Value) -> String {
    let name = cluster.as_str().unwrap_or_default();
    let mut parts = name.split('|').skip(2);
    let (subset, host) = (parts.next(), parts.next());
    let subset = match subset {
        Some(of_waypoint) if name.starts_with("inbound-vip|") => {
            of_waypoint.split_once('/').map(|(_, subset)| subset)
        }
        other => other,
    };
    destination(subset, host.and_then(|host| host.split('.').next()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destination_is_the_subset_or_else_the_service() {
        for (cluster, expected) in [
            (
                "outbound|80|v1|stock-api.widgetario.svc.cluster.local",
                "v1",
            ),
            (
                "outbound|80||products-api-v1.widgetario.svc.cluster.local",
                "products-api-v1",
            ),
            (
                "inbound-vip|80|http|stock-api.widgetario.svc.cluster.local",
                "stock-api",
            ),
            (
                "inbound-vip|80|http/v1|stock-api.widgetario.svc.cluster.local",
                "v1",
            ),
        ] {
            assert_eq!(destination_of(&cluster.into()), expected, "{cluster}");
        }
    }
}
