//! The routes of an `HTTPRoute` of the Gateway API.

use std::cmp::Reverse;

use serde_json::Value;

use super::{Route, destination, percentages, seconds};
use crate::cluster::kubectl::elements;

/// The routes that `spec` defines, in the order in which they are asked: a rule is one route for each of its
/// matches, and the most specific match is asked first
/// (<https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#httprouterule>). Paths are not compared:
/// no rule about calls of a Service names one here.
pub(super) fn routes(spec: &Value) -> Vec<Route> {
    let mut routes = Vec::new();
    for rule in elements(&spec["rules"]) {
        let mut matches: Vec<_> = elements(&rule["matches"]).map(specificity).collect();
        if matches.is_empty() {
            matches.push(Specificity::default());
        }
        routes.extend(
            matches
                .into_iter()
                .map(|specificity| (specificity, route(rule))),
        );
    }
    // Of equal matches the first one counts, and this keeps their order.
    routes.sort_by_key(|(specificity, _)| Reverse(*specificity));
    routes.into_iter().map(|(_, route)| route).collect()
}

/// Whether a match names a method, and how many headers: the first difference decides.
type Specificity = (bool, usize);

fn specificity(condition: &Value) -> Specificity {
    let names_a_method = condition["method"].is_string();
    (names_a_method, elements(&condition["headers"]).count())
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
