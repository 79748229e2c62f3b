//! Looking is GET and HEAD, buying is POST: what policies and routes say of these methods.

use serde_json::Value;

use crate::{list, objects, title};

/// The routes of all `VirtualService`s and the rules of all `HTTPRoute`s, each with its owner's title.
fn routes() -> impl Iterator<Item = (String, &'static Value)> {
    let objects = objects(&["VirtualService", "HTTPRoute"]).into_iter();
    objects.flat_map(|object| {
        let routes = [list(object, "/spec/http"), list(object, "/spec/rules")];
        let routes = routes.into_iter().flatten();
        routes.map(|route| (title(object), route))
    })
}

/// Whether the route is for requests of this method, among others.
fn takes(route: &Value, method: &str) -> bool {
    let matches = [list(route, "/match"), list(route, "/matches")].concat();
    let fits = |condition: &Value| match condition.get("method") {
        None => true,
        Some(Value::String(wanted)) => wanted == method, // of an HTTPRoute
        Some(wanted) => match (wanted["exact"].as_str(), wanted["regex"].as_str()) {
            (Some(exact), None) => exact == method,
            (None, Some(regex)) => regex.split('|').any(|one| one == method),
            _ => panic!("{wanted}"),
        },
    };
    matches.is_empty() || matches.iter().any(fits)
}

/// `curl -I` looks, too (RFC 9110, section 9.3.2).
#[test]
fn whoever_may_look_may_ask_for_the_head_alone() {
    for policy in objects(&["AuthorizationPolicy"]) {
        for rule in list(policy, "/spec/rules") {
            for to in list(rule, "/to") {
                let methods = list(to, "/operation/methods");
                let (get, head) = (Value::from("GET"), Value::from("HEAD"));
                assert_eq!(
                    methods.contains(&get),
                    methods.contains(&head),
                    "{}",
                    title(policy)
                );
            }
        }
    }
    for (name, route) in routes() {
        assert_eq!(takes(route, "GET"), takes(route, "HEAD"), "{name}");
    }
}

/// A route that says nothing of retries has Istio's default, which repeats a sale only when its
/// connection failed. What a route adds to that is for reads.
#[test]
fn route_of_a_sale_says_nothing_of_retries_or_that_there_are_none() {
    for (name, route) in routes().filter(|(_, route)| takes(route, "POST")) {
        let retries = &route["retries"];
        assert!(retries.is_null() || retries["attempts"] == 0, "{name}");
    }
}

/// A sale that is given up may have happened.
#[test]
fn rule_of_a_sale_has_no_timeout() {
    for (name, route) in routes().filter(|(_, route)| takes(route, "POST")) {
        assert!(
            route["timeout"].is_null() && route["timeouts"].is_null(),
            "{name}"
        );
    }
}

/// A route that leaves retries out has Istio's default, which is two.
#[test]
fn where_one_route_speaks_of_retries_each_does() {
    for object in objects(&["VirtualService"]) {
        let routes = list(object, "/spec/http");
        let speak = routes.iter().filter(|route| !route["retries"].is_null());
        let speak = speak.count();
        assert!(speak == 0 || speak == routes.len(), "{object}");
    }
}
