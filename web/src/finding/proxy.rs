//! What a proxy says when it answers in a service's place.

use axum::http::{Method, StatusCode};
use chassis::Call;

use super::end::End;
use super::{allow_buy, virtual_service};
use crate::contract::{Cause, Finding, SUPPLIER};
use crate::settings::Mesh;

/// How Envoy begins its answer when its connection to the service failed.
const BROKE: &str = "upstream connect error or disconnect/reset before headers. ";

/// What the proxy at `end` answered in the service's place.
pub(super) fn answer(call: &Call, status: StatusCode, body: &str, end: End) -> Finding {
    known(call, status, body, end).unwrap_or_else(|| {
        let status = status.as_u16();
        Finding::new(
            Cause::OtherProxyAnswer,
            format!("A proxy answered {status} in {}'s place", call.service),
            format!("What it said: {body:?}."),
        )
    })
}

/// The same, when it is one of Envoy's sentences.
pub(super) fn known(call: &Call, status: StatusCode, body: &str, end: End) -> Option<Finding> {
    // Envoy has one sentence for each cause. A sentence with details, such as how a connection
    // broke, is recognized by a part. The others are compared as a whole, so that an unknown
    // sentence is shown as it is, and not taken for a known one.
    Some(match (status.as_u16(), body) {
        (403, body) if body.starts_with("RBAC: access denied") => refused(call, end),
        (status, "fault filter abort") => aborted(call, status, end),
        (503, "no healthy upstream") => no_healthy_upstream(call, end),
        (503, body) if body.contains("reset reason: overflow") => overflow(call, end),
        (status, "local_rate_limited") => rate_limited(call, status, end),
        (503, body) if body.starts_with(BROKE) => reset(call, &body[BROKE.len()..], end),
        (504, "upstream request timeout") => given_up(call, end),
        (404, "") => no_route(call, end),
        (502, "") if end == End::Web => not_registered(call),
        _ => return None,
    })
}

fn refused(call: &Call, end: End) -> Finding {
    let Call {
        service, method, ..
    } = call;
    let file = match (end, *service) {
        (End::Waypoint, "products-api") => "istio/demo7/waypoints/authz/products-api.yaml",
        (End::Waypoint, _) => allow_buy(Mesh::Ambient),
        (_, "products-api") => "istio/demo3/authz/allow/products-allow-web.yaml",
        _ if *method == Method::POST => allow_buy(Mesh::Sidecars),
        _ => "istio/demo3/authz/allow/stock-allow-web.yaml",
    };
    let by = match end {
        End::Waypoint => end,
        _ => End::Service, // no policy of the shop is for what web's own sidecar sends
    };
    Finding::new(
        Cause::Refused,
        format!("Refused by {}", by.proxy(call)),
        format!("No policy allows web to {method} this, so {service} never saw it."),
    )
    .file(file, "opens it")
}

fn aborted(call: &Call, status: u16, end: End) -> Finding {
    let service = call.service;
    let finding = |text| {
        let title = format!("Abort injected by {}", end.proxy(call));
        Finding::new(Cause::InjectedAbort, title, text)
    };
    match end {
        End::Web => finding(format!(
            "A VirtualService makes web's own sidecar answer {status} in {service}'s place: the call \
             never left."
        ))
        .file(virtual_service(call), "ends it"),
        End::Service => finding(format!(
            "An EnvoyFilter makes the sidecar in {service}'s pod answer {status} in its place; \
             `kubectl delete envoyfilter {service}-faults -n widgetario` ends it."
        )),
        End::Waypoint => finding(format!(
            "A VirtualService makes the waypoint answer {status} in {service}'s place, which never saw \
             the call; `kubectl delete virtualservice {service} -n widgetario` ends it."
        )),
    }
}

fn no_healthy_upstream(call: &Call, end: End) -> Finding {
    let service = call.service;
    let text = format!(
        "{} knows no pod of {service} that it may send this to: none is ready, none is in \
         the subset, or all are ejected. `kubectl get pods -l app={service} -n widgetario` lists \
         them.",
        end.proxy_at_the_start(call)
    );
    Finding::new(
        Cause::NoHealthyUpstream,
        format!("No healthy {service}"),
        text,
    )
}

fn overflow(call: &Call, end: End) -> Finding {
    let service = call.service;
    let text = format!(
        "More calls are under way to {service} than the `connectionPool` of its DestinationRule allows, \
         so this one fails at once."
    );
    let title = format!("Too many at once for {}", end.proxy(call));
    let finding = Finding::new(Cause::Overflow, title, text);
    match (service, end) {
        ("stock-api", End::Web) => finding.file(
            "istio/demo6/breaker/connection-pool.yaml",
            "says how many it allows",
        ),
        _ => finding,
    }
}

fn rate_limited(call: &Call, status: u16, end: End) -> Finding {
    let (service, proxy) = (call.service, end.proxy(call));
    let wait = match call.retry_after.as_deref().map(str::parse::<u32>) {
        Some(Ok(seconds)) => format!(" and asks web to wait for {seconds} s"),
        _ => String::new(),
    };
    let text = format!(
        "More calls came than a limit for this time allows, so {proxy} answered {status} in \
         {service}'s place{wait}."
    );
    let title = format!("Rate limited by {proxy}");
    let finding = Finding::new(Cause::RateLimited, title, text);
    match (service, end) {
        ("stock-api", End::Service) => finding.file(
            "istio/demo6/rate-limit/local-rate-limit.yaml",
            "says how many it allows",
        ),
        _ => finding,
    }
}

fn reset(call: &Call, reason: &str, end: End) -> Finding {
    let service = call.service;
    let why = match end {
        End::Service => "its service ended, or does not listen".to_owned(),
        End::Web => {
            "a pod that starts or stops does this, and so does a side without mutual TLS".to_owned()
        }
        End::Waypoint => format!(
            "{service}'s ztunnel does this when no policy lets the waypoint connect, and so does a pod \
             that starts or stops"
        ),
    };
    let text = format!(
        "{} lost the connection before an answer came ({reason}): {why}.",
        end.proxy_at_the_start(call)
    );
    Finding::new(
        Cause::Reset,
        format!("The connection to {service} broke"),
        text,
    )
}

fn given_up(call: &Call, end: End) -> Finding {
    let service = call.service;
    let title = format!("Given up by {}", end.proxy(call));
    let text = format!("{service} did not answer within the timeout of its route there.");
    let finding = Finding::new(Cause::ProxyTimeout, title, text);
    match (service, end) {
        ("stock-api", End::Web) => finding.file(
            "istio/demo4/stock-api/resilience/timeout.yaml",
            "says how long it waits, or in demo 7 `istio/demo7/gateway-timeout/timeout.yaml`",
        ),
        ("stock-api", End::Waypoint) => finding.file(
            "istio/demo7/gateway-timeout/timeout.yaml",
            "says how long it waits, where it was applied",
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

fn no_route(call: &Call, end: End) -> Finding {
    Finding::new(
        Cause::NoRoute,
        format!("No route to {}", call.service),
        format!(
            "No rule of a VirtualService or an HTTPRoute matches {}, so {} knows not where to send it.",
            call.path,
            end.proxy(call)
        ),
    )
}
