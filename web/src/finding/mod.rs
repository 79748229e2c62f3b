//! Who refused, failed or delayed a call, recognized by what the proxies leave in its answer; and
//! the file of the walkthrough that allows the call or ends the fault.
//!
//! A proxy that answers in a service's place says why in the body
//! (<https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details>),
//! and lacks the headers by which our services name themselves. The header
//! `x-envoy-upstream-service-time` shows which of the two proxies it was: the caller's proxy adds
//! it to what the other end answered. An ambient mesh has one proxy that answers HTTP, the waypoint,
//! and web is told by a setting that it is in one: nothing in an answer, or in its absence, says so.

mod delay;
mod end;
mod proxy;
mod supplier;
mod ztunnel;

use axum::http::{Method, StatusCode};
use chassis::{Call, CallError};

use crate::contract::{Cause, Finding};
use crate::settings::Mesh;
use end::End;

/// The file that lets people buy in a `mesh`.
pub(crate) fn allow_buy(mesh: Mesh) -> &'static str {
    match mesh {
        Mesh::Sidecars => "istio/demo3/authz/allow-buy.yaml",
        Mesh::Ambient => "istio/demo7/waypoints/authz/stock-api.yaml",
    }
}

/// What went wrong with `call`, which was made in a `mesh` and ended in `error` if there is one; `None`
/// when nothing did.
pub(crate) fn of(call: &Call, error: Option<&CallError>, mesh: Mesh) -> Option<Finding> {
    match error {
        None => delay::of(call, End::of(call, mesh)),
        // Each answer of our services names its version, refusals included: this one is a proxy's.
        Some(CallError::Status(status, body)) if call.version.is_none() => {
            Some(proxy::answer(call, *status, body, End::of(call, mesh)))
        }
        // There is no such product, or too few are left: a sale's own answers, and no failure.
        Some(CallError::Status(StatusCode::NOT_FOUND | StatusCode::CONFLICT, _))
            if call.method == Method::POST =>
        {
            None
        }
        Some(CallError::Broken(reason)) if mesh == Mesh::Ambient => {
            Some(ztunnel::reset(call, reason))
        }
        Some(error) => Some(service(call, error)),
    }
}

impl Cause {
    /// Whether it is certain that the service never acted.
    pub(crate) fn is_before_the_service(self) -> bool {
        // Not `Reset`, nor the timeouts: a proxy may lose the connection, or stop waiting, after
        // the service has begun.
        use Cause::{
            InjectedAbort, NoHealthyUpstream, NoRoute, NotRegistered, Overflow, RateLimited,
            Refused, Unreachable,
        };
        matches!(
            self,
            Refused
                | InjectedAbort
                | Overflow
                | RateLimited
                | NoHealthyUpstream
                | NoRoute
                | NotRegistered
                | Unreachable
        )
    }
}

impl Finding {
    /// Whether the answer came nevertheless.
    pub(crate) fn is_harmless(&self) -> bool {
        self.cause == Cause::Delay
    }

    fn new(cause: Cause, title: String, text: String) -> Self {
        Self {
            cause,
            title,
            text,
            file: None,
        }
    }

    /// Names the file, and says what it `does`, such as "opens it".
    fn file(mut self, file: &'static str, does: &str) -> Self {
        self.text = format!("{} `{file}` {does}.", self.text);
        self.file = Some(file.to_owned());
        self
    }
}

/// What went wrong with the `call` of the supplier, which ended in `error` if there is one; web
/// `has_sidecar` when other calls of the page came through one.
pub(crate) fn of_supplier(
    call: &Call,
    error: Option<&CallError>,
    has_sidecar: bool,
) -> Option<Finding> {
    Some(match error? {
        CallError::Status(status, body) => supplier::answer(call, *status, body, has_sidecar),
        error => service(call, error),
    })
}

/// The service itself answered with an error, or nobody answered.
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
        CallError::Broken(reason) => Finding::new(
            Cause::Reset,
            format!("The connection to {service} broke"),
            format!("{service} may have done its part before: {reason}."),
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

fn seconds(milliseconds: f64) -> String {
    format!("{:.2} s", milliseconds / 1e3)
}

/// The route without faults, in a mesh of sidecars.
fn virtual_service(call: &Call) -> &'static str {
    match call.service {
        "products-api" => "istio/demo4/products-api/virtual-service.yaml",
        _ => "istio/demo4/stock-api/virtual-service.yaml",
    }
}
