//! The routes of an `HTTPRoute` of the Gateway API.

use serde_json::Value;

use super::{Route, destination, percentages, seconds};
use crate::cluster::kubectl::elements;

/// The routes that `spec` defines: a rule is one route for each of its matches
/// (<https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#httprouterule>). The rules must stand in
/// the order in which they are asked, the most specific first.
pub(super) fn routes(spec: &Value) -> Vec<Route> {
    let routes = elements(&spec["rules"]).flat_map(|rule| {
        let matches = elements(&rule["matches"]).count();
        vec![route(rule); matches.max(1)]
    });
    routes.collect()
}

fn route(rule: &Value) -> Route {
    let weights = elements(&rule["backendRefs"]).map(|backend| {
        let weight = backend["weight"].as_u64().unwrap_or(1);
        (destination(None, backend["name"].as_str()), weight)
    });
    Route {
        weights: percentages(weights),
        timeout: seconds(&rule["timeouts"]["request"]),
        ..Route::default()
    }
}
