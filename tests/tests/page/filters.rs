//! The HTTP filters that istiod makes of the walkthrough's files.

use serde_json::{Value, json};

use crate::certificates::identity;

/// What a `VirtualService` injects into the calls of a service, or an `EnvoyFilter` into its answers:
/// `what` is [`abort`] or [`delay`].
pub(crate) fn fault(what: Value) -> Value {
    json!({ "name": "fault", "typed_config": typed("fault.v3.HTTPFault", what) })
}

/// Answers 503 in the service's place.
pub(crate) fn abort() -> Value {
    json!({ "abort": { "http_status": 503, "percentage": { "numerator": 100 } } })
}

/// Holds a request for `seconds`.
pub(crate) fn delay(seconds: f64) -> Value {
    let delay = format!("{seconds}s");
    json!({ "delay": { "fixed_delay": delay, "percentage": { "numerator": 100 } } })
}

/// Limits a fault to requests whose `header` is `value`.
pub(crate) fn only(header: &str, value: &str, mut fault: Value) -> Value {
    fault["headers"] = json!([{ "name": header, "string_match": { "exact": value } }]);
    fault
}

/// An `AuthorizationPolicy`: allows `method` to the service account `caller`, or to anybody.
pub(crate) fn allow(caller: Option<&str>, method: &str) -> Value {
    let principal = match caller {
        Some(account) => {
            json!({ "authenticated": { "principal_name": { "exact": identity(account) } } })
        }
        None => json!({ "any": true }),
    };
    let method = json!({ "name": ":method", "string_match": { "exact": method } });
    let policy = json!({ "permissions": [{ "header": method }], "principals": [principal] });
    let rules = json!({ "rules": { "action": "ALLOW", "policies": { "allow": policy } } });
    json!({ "name": "rbac", "typed_config": typed("rbac.v3.RBAC", rules) })
}

fn typed(filter: &str, mut config: Value) -> Value {
    config["@type"] = format!("type.googleapis.com/envoy.extensions.filters.http.{filter}").into();
    config
}
