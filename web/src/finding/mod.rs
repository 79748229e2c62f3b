//! Who refused, failed or delayed a call, told apart by what the proxies leave in its answer; and
//! the file of the walkthrough that opens or ends it.
//!
//! A proxy that answers in a service's place says why in the body
//! (<https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details>),
//! and lacks the headers by which our services name themselves. Which of the two proxies it was
//! shows in `x-envoy-upstream-service-time`: the caller's adds it to what the other end answered.

use axum::http::{Method, StatusCode};
use chassis::{Call, CallError};
use serde::Serialize;

/// A delay that is worth a word: far more than a proxy takes, even on a busy laptop.
const NOTABLE_MS: f64 = 500.0;

/// What befell a call.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) cause: Cause,
    /// In a few words, for labels.
    pub(crate) title: String,
    /// In a sentence or two; file names stand between backquotes.
    pub(crate) text: String,
    /// The file that opens or ends it, where the walkthrough has one.
    pub(crate) file: Option<&'static str>,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    Refused,
    InjectedAbort,
    Delay,
    Overflow,
    NoHealthyUpstream,
    NoRoute,
    Reset,
    ProxyTimeout,
    Timeout,
    Unreachable,
    ServiceError,
    Unreadable,
    OtherProxyAnswer,
}

impl Cause {
    /// Whether it is certain that the service never acted.
    pub(crate) fn is_before_the_service(self) -> bool {
        use Cause::{InjectedAbort, NoHealthyUpstream, NoRoute, Overflow, Refused, Unreachable};
        matches!(
            self,
            Refused | InjectedAbort | Overflow | NoHealthyUpstream | NoRoute | Unreachable
        )
    }
}

impl Finding {
    /// Whether the answer came all the same.
    pub(crate) fn is_harmless(&self) -> bool {
        self.cause == Cause::Delay
    }

    /// What befell `call`, whose answer was of no use because of `error`; `None` when all is well.
    pub(crate) fn of(call: &Call, error: Option<&CallError>) -> Option<Self> {
        match error {
            None => delay(call),
            Some(CallError::Status(status, body)) if call.version.is_none() => {
                Some(proxy(call, *status, body))
            }
            Some(CallError::Status(StatusCode::NOT_FOUND | StatusCode::CONFLICT, _)) => None,
            Some(error) => Some(service(call, error)),
        }
    }

    fn new(cause: Cause, title: String, text: String) -> Self {
        Self {
            cause,
            title,
            text,
            file: None,
        }
    }

    /// Names the file and what it does about it, such as "opens it".
    fn file(mut self, file: &'static str, does: &str) -> Self {
        self.text = format!("{} `{file}` {does}.", self.text);
        self.file = Some(file);
        self
    }
}

/// What Envoy says first of a connection that failed it.
const BROKE: &str = "upstream connect error or disconnect/reset before headers. ";

/// What a proxy answered in the service's place.
fn proxy(call: &Call, status: StatusCode, body: &str) -> Finding {
    match (status.as_u16(), body) {
        (403, body) if body.starts_with("RBAC: access denied") => refused(call),
        (status, "fault filter abort") => aborted(call, status),
        (503, "no healthy upstream") => no_healthy_upstream(call),
        (503, body) if body.contains("reset reason: overflow") => overflow(call),
        (503, body) if body.starts_with(BROKE) => reset(call, &body[BROKE.len()..]),
        (504, "upstream request timeout") => given_up(call),
        (404, "") => no_route(call),
        (status, body) => Finding::new(
            Cause::OtherProxyAnswer,
            format!("A proxy answered {status} in {}'s place", call.service),
            format!("What it said: {body:?}."),
        ),
    }
}

/// Whose sidecar answered: the caller's own knows of no time at the other end.
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
        _ if method == Method::POST.as_str() => "istio/demo3/authz/allow-buy.yaml",
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
            "An EnvoyFilter makes the sidecar in {service}'s pod answer {status} in its place."
        );
        let file = "istio/demo4/stock-api/resilience/faults.yaml";
        return finding(text).file(file, "does it, until deleted");
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
    let text = format!(
        "More calls wait for {} than the `connectionPool` of its DestinationRule allows, so the \
         sidecar fails them at once.",
        call.service
    );
    let title = format!("Too many at once for {}'s sidecar", answerer(call));
    Finding::new(Cause::Overflow, title, text)
}

fn reset(call: &Call, reason: &str) -> Finding {
    let text = format!(
        "{}'s sidecar lost the connection before an answer came ({reason}): a pod that starts or \
         stops does this, and so does a side without mutual TLS.",
        answerer(call)
    );
    let title = format!("The connection to {} broke", call.service);
    Finding::new(Cause::Reset, title, text)
}

fn given_up(call: &Call) -> Finding {
    let (service, answerer) = (call.service, answerer(call));
    Finding::new(
        Cause::ProxyTimeout,
        format!("Given up by {answerer}'s sidecar"),
        format!("{service} did not answer within the timeout of its VirtualService."),
    )
    .file(
        "istio/demo4/stock-api/resilience/timeout.yaml",
        "sets how long it waits",
    )
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

/// What the service itself answered, or nobody.
fn service(call: &Call, error: &CallError) -> Finding {
    let service = call.service;
    match error {
        CallError::Timeout => Finding::new(
            Cause::Timeout,
            format!("No answer from {service} in time"),
            format!(
                "web gave up after {} (`UPSTREAM_TIMEOUT_SECONDS`).",
                seconds(call.latency_ms)
            ),
        ),
        CallError::Unreachable(reason) => Finding::new(
            Cause::Unreachable,
            format!("No connection to {service}"),
            format!("{reason}."),
        ),
        CallError::Status(status, _) => Finding::new(
            Cause::ServiceError,
            format!("{service} itself answered {}", status.as_u16()),
            format!(
                "The call came through, but {service} could not serve it: its log says why, under this trace id."
            ),
        ),
        CallError::Unreadable(reason) => Finding::new(
            Cause::Unreadable,
            format!("{service}'s answer makes no sense to web"),
            format!("{reason}."),
        ),
    }
}

/// Where a call that came through lost its time.
fn delay(call: &Call) -> Option<Finding> {
    let (upstream_ms, service_ms) = (call.upstream_ms?, call.service_ms?);
    let service = call.service;
    let before = call.latency_ms - upstream_ms;
    let beyond = upstream_ms - service_ms;
    if before >= NOTABLE_MS {
        let title = "Delayed in web's sidecar".to_owned();
        let text = format!(
            "{} passed before the call left web's own sidecar: a VirtualService injects that, or \
             the machine is at its limit.",
            seconds(before)
        );
        let finding = Finding::new(Cause::Delay, title, text);
        return Some(finding.file(virtual_service(call), "ends it"));
    }
    (beyond >= NOTABLE_MS).then(|| {
        let title = format!("Delayed on the way to {service}");
        let text = format!(
            "{} passed between web's sidecar and {service}, which itself took {service_ms} ms: a \
             delay in {service}'s sidecar, or tries that failed.",
            seconds(beyond)
        );
        Finding::new(Cause::Delay, title, text)
    })
}

fn seconds(milliseconds: f64) -> String {
    format!("{:.2} s", milliseconds / 1e3)
}

/// The route without faults.
fn virtual_service(call: &Call) -> &'static str {
    match call.service {
        "products-api" => "istio/demo4/products-api/virtual-service.yaml",
        _ => "istio/demo4/stock-api/virtual-service.yaml",
    }
}
