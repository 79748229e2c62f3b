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

/// What an `EnvoyFilter` of the demo makes: `tokens` calls pass, and none for the hour after them.
pub(crate) fn rate_limit(tokens: u32) -> Value {
    let always = json!({ "default_value": { "numerator": 100 } });
    let bucket =
        json!({ "max_tokens": tokens, "tokens_per_fill": tokens, "fill_interval": "3600s" });
    let limit = json!({
        "stat_prefix": "rate_limit",
        "token_bucket": bucket,
        "filter_enabled": always,
        "filter_enforced": always,
        "response_headers_to_add": [{ "header": { "key": "retry-after", "value": "10" } }],
    });
    json!({ "name": "rate_limit", "typed_config": typed("local_ratelimit.v3.LocalRateLimit", limit) })
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

/// `istio/demo6/jwt/people.yaml`, which holds the issuer's public key.
pub(crate) fn people() -> Value {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../istio/demo6/jwt/people.yaml"
    );
    let text = std::fs::read_to_string(file).unwrap();
    let policy: Value = serde_saphyr::from_str(&text).unwrap();
    let rule = &policy["spec"]["jwtRules"][0];
    let locations = rule["fromHeaders"].as_array().unwrap().iter();
    let locations =
        locations.map(|header| json!({ "name": header["name"], "value_prefix": header["prefix"] }));
    let claims = rule["outputClaimToHeaders"].as_array().unwrap().iter();
    let claims =
        claims.map(|pair| json!({ "header_name": pair["header"], "claim_name": pair["claim"] }));
    let provider = json!({
        "issuer": rule["issuer"],
        "local_jwks": { "inline_string": rule["jwks"] },
        "from_headers": locations.collect::<Vec<_>>(),
        "from_cookies": rule["fromCookies"],
        "claim_to_headers": claims.collect::<Vec<_>>(),
        "payload_in_metadata": "payload",
    });
    let any = json!([{ "provider_name": "origins-0" }, { "allow_missing": {} }]);
    let requires = json!({ "requires_any": { "requirements": any } });
    let config = json!({
        "providers": { "origins-0": provider },
        "rules": [{ "match": { "prefix": "/" }, "requires": requires }],
        "bypass_cors_preflight": true,
    });
    json!({ "name": JWT, "typed_config": typed("jwt_authn.v3.JwtAuthentication", config) })
}

/// `istio/demo6/jwt/buyers-only.yaml`.
pub(crate) fn buyers_only() -> Value {
    let post = json!({ "name": ":method", "string_match": { "exact": "POST" } });
    let buy = json!({ "path": { "prefix": "/buy/" } });
    let permission = json!({ "and_rules": { "rules": [{ "header": post }, { "url_path": buy }] } });
    let is_buyer = json!({ "metadata": {
        "filter": JWT,
        "path": [{ "key": "payload" }, { "key": "role" }],
        "value": { "string_match": { "exact": "buyer" } },
    }});
    let principal = json!({ "not_id": is_buyer });
    let policy = json!({ "permissions": [permission], "principals": [principal] });
    let rules = json!({ "rules": { "action": "DENY", "policies": { "buyers-only": policy } } });
    json!({ "name": "rbac", "typed_config": typed("rbac.v3.RBAC", rules) })
}

/// Under this name, istiod has the other filters look for what a token says.
const JWT: &str = "envoy.filters.http.jwt_authn";

fn typed(filter: &str, mut config: Value) -> Value {
    config["@type"] = format!("type.googleapis.com/envoy.extensions.filters.http.{filter}").into();
    config
}
