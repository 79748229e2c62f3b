//! The routes of a `VirtualService`.

use serde_json::Value;

use super::{Route, destination, percentages, seconds};
use crate::cluster::kubectl::elements;

/// The routes that `spec` defines
/// (<https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute>).
pub(super) fn routes(spec: &Value) -> Vec<Route> {
    elements(&spec["http"]).map(route).collect()
}

fn route(route: &Value) -> Route {
    // A single destination needs no weight.
    let default_weight = u64::from(elements(&route["route"]).count() == 1);
    let weights = elements(&route["route"]).map(|weighted| {
        let place = &weighted["destination"];
        let name = destination(place["subset"].as_str(), place["host"].as_str());
        (name, weighted["weight"].as_u64().unwrap_or(default_weight))
    });
    let (abort, delay) = (&route["fault"]["abort"], &route["fault"]["delay"]);
    let percent = |fault: &Value| fault["percentage"]["value"].as_f64().unwrap_or_default();
    let mirror = route["mirror"]["subset"].as_str().map(|subset| {
        let percent = route["mirrorPercentage"]["value"].as_f64();
        (subset.to_owned(), percent.unwrap_or(100.0))
    });
    Route {
        weights: percentages(weights),
        mirror,
        abort: percent(abort),
        delay: (percent(delay), seconds(&delay["fixedDelay"])),
        retries: route["retries"]["attempts"].as_u64(),
        timeout: seconds(&route["timeout"]),
        per_try: seconds(&route["retries"]["perTryTimeout"]),
    }
}
