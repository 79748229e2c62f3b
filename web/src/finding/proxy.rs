//! What a proxy says when it answers in a service's place.

use axum::http::{Method, StatusCode};
use chassis::Call;

use super::{ALLOW_BUY, virtual_service};
use crate::contract::{Cause, Finding, SUPPLIER};

/// How Envoy begins its answer when its connection to the service failed.
const BROKE: &str = "upstream connect error or disconnect/reset before headers. ";

/// What a proxy answered in the service's place.
pub(super) fn answer(call: &Call, status: StatusCode, body: &str) -> Finding {
    known(call, status, body).unwrap_or_else(|| {
        let status = status.as_u16();
        Finding::new(
            Cause::OtherProxyAnswer,
            format!("A proxy answered {status} in {}'s place", call.service),
            format!("What it said: {body:?}."),
        )
    })
}

/// The same, when it is one of Envoy's sentences.
pub(super) fn known(call: &Call, status: StatusCode, body: &str) -> Option<Finding> {
    // Envoy has one sentence for each cause. A sentence with details, such as how a connection
    // broke, is recognized by a part. The others are compared as a whole, so that an unknown
    // sentence is shown as it is, and not taken for a known one.
    Some(match (status.as_u16(), body) {
        (403, body) if body.starts_with("RBAC: access denied") => refused(call),
        (status, "fault filter abort") => aborted(call, status),
        (503, "no healthy upstream") => no_healthy_upstream(call),
        (503, body) if body.contains("reset reason: overflow") => overflow(call),
        (status, "local_rate_limited") => rate_limited(call, status),
        (503, body) if body.starts_with(BROKE) => reset(call, &body[BROKE.len()..]),
        (504, "upstream request timeout") => given_up(call),
        (404, "") => no_route(call),
        (502, "") if call.upstream_ms.is_none() => not_registered(call),
        _ => return None,
    })
}

/// Whose sidecar answered. When the caller's own did, there is no time of the other end.
fn answerer(call: &Call) -> &'static str {
    if call.upstream_ms.is_none() {
        "web"
    } else {
        call.service
    }
}

fn refused(call: &Call) -> Finding {
    let Call {
        service, method, ..
    } = call;
    let file = match *service {
        "products-api" => "istio/demo3/authz/allow/products-allow-web.yaml",
        _ if *method == Method::POST => ALLOW_BUY,
        _ => "istio/demo3/authz/allow/stock-allow-web.yaml",
    };
    Finding::new(
        Cause::Refused,
        format!("Refused by {service}'s sidecar"),
        format!("No policy allows web to {method} this, so {service} never saw it."),
    )
    .file(file, "opens it")
}

fn aborted(call: &Call, status: u16) -> Finding {
    let service = call.service;
    let answerer = answerer(call);
    let finding = |text| {
        let title = format!("Abort injected by {answerer}'s sidecar");
        Finding::new(Cause::InjectedAbort, title, text)
    };
    if answerer == service {
        let text = format!(
            "An EnvoyFilter makes the sidecar in {service}'s pod answer {status} in its place; \
             `kubectl delete envoyfilter {service}-faults -n widgetario` ends it."
        );
        return finding(text);
    }
    let text = format!(
        "A VirtualService makes web's own sidecar answer {status} in {service}'s place: the call \
         never left."
    );
    finding(text).file(virtual_service(call), "ends it")
}

fn no_healthy_upstream(call: &Call) -> Finding {
    let service = call.service;
    let text = format!(
        "{}'s sidecar knows no pod of {service} that it may send this to: none is ready, none is in \
         the subset, or all are ejected. `kubectl get pods -l app={service} -n widgetario` lists \
         them.",
        answerer(call)
    );
    Finding::new(
        Cause::NoHealthyUpstream,
        format!("No healthy {service}"),
        text,
    )
}

fn overflow(call: &Call) -> Finding {
    let (service, answerer) = (call.service, answerer(call));
    let text = format!(
        "More calls are under way to {service} than the `connectionPool` of its DestinationRule allows, \
         so the sidecar fails this one at once."
    );
    let title = format!("Too many at once for {answerer}'s sidecar");
    let finding = Finding::new(Cause::Overflow, title, text);
    match (service, answerer) {
        ("stock-api", "web") => finding.file(
            "istio/demo6/breaker/connection-pool.yaml",
            "says how many it allows",
        ),
        _ => finding,
    }
}

fn rate_limited(call: &Call, status: u16) -> Finding {
    let (service, answerer) = (call.service, answerer(call));
    let wait = match call.retry_after.as_deref().map(str::parse::<u32>) {
        Some(Ok(seconds)) => format!(" and asks web to wait for {seconds} s"),
        _ => String::new(),
    };
    let text = format!(
        "More calls came than a limit for this time allows, so the sidecar answered {status} in \
         {service}'s place{wait}."
    );
    let title = format!("Rate limited by {answerer}'s sidecar");
    let finding = Finding::new(Cause::RateLimited, title, text);
    match (service, answerer) {
        ("stock-api", "stock-api") => finding.file(
            "istio/demo6/rate-limit/local-rate-limit.yaml",
            "says how many it allows",
        ),
        _ => finding,
    }
}

fn reset(call: &Call, reason: &str) -> Finding {
    let (service, answerer) = (call.service, answerer(call));
    let why = if answerer == service {
        "its service ended, or does not listen"
    } else {
        "a pod that starts or stops does this, and so does a side without mutual TLS"
    };
    let text = format!(
        "{answerer}'s sidecar lost the connection before an answer came ({reason}): {why}."
    );
    Finding::new(
        Cause::Reset,
        format!("The connection to {service} broke"),
        text,
    )
}

fn given_up(call: &Call) -> Finding {
    let (service, answerer) = (call.service, answerer(call));
    let title = format!("Given up by {answerer}'s sidecar");
    let text = format!("{service} did not answer within the timeout of that sidecar's route.");
    let finding = Finding::new(Cause::ProxyTimeout, title, text);
    match (service, answerer) {
        ("stock-api", "web") => finding.file(
            "istio/demo4/stock-api/resilience/timeout.yaml",
            "says how long it waits",
        ),
        _ => finding,
    }
}

fn not_registered(call: &Call) -> Finding {
    let service = call.service;
    let text = format!(
        "The mesh does not know the name by which web calls {service}, and the shop's pods may call \
         only what it knows (`REGISTRY_ONLY`): the call never left web's sidecar."
    );
    let title = "Blocked by web's sidecar".to_owned();
    let finding = Finding::new(Cause::NotRegistered, title, text);
    match service {
        SUPPLIER => finding.file("istio/demo6/egress/service-entry.yaml", "opens it"),
        _ => finding,
    }
}

fn no_route(call: &Call) -> Finding {
    Finding::new(
        Cause::NoRoute,
        format!("No route to {}", call.service),
        format!(
            "No rule of a VirtualService matches {}, so {}'s sidecar knows not where to send it.",
            call.path,
            answerer(call)
        ),
    )
}
