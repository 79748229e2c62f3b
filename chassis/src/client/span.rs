//! The span of each call.
//!
//! Attributes follow OpenTelemetry's semantic conventions for HTTP clients
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span>).

use reqwest::{Method, Url};
use tracing::Span;
use tracing::field::Empty;

use crate::client::call::Call;
use crate::client::error::CallError;
use crate::telemetry::span::SPAN;

/// Opens the span of a call.
pub(super) fn open(method: &Method, url: &Url) -> Span {
    tracing::info_span!(
        target: SPAN,
        "call",
        otel.name = method.as_str(),
        otel.kind = "client",
        otel.status_description = Empty,
        http.request.method = method.as_str(),
        http.response.status_code = Empty,
        url.full = url.as_str(),
        server.address = url.host_str(),
        server.port = url.port_or_known_default().map(i64::from),
        error.type = Empty,
    )
}

/// Records how `call` ended.
pub(super) fn end(span: &Span, call: &Call, error: Option<&CallError>) {
    if let Some(status) = call.status {
        span.record("http.response.status_code", i64::from(status));
    }
    let Some(error) = error else { return };
    match error {
        CallError::Status(status, _) => span.record("error.type", status.as_str()),
        CallError::Timeout => span.record("error.type", "timeout"),
        CallError::Unreachable(_) => span.record("error.type", "unreachable"),
        CallError::Broken(_) => span.record("error.type", "broken"),
        CallError::Unreadable(_) => span.record("error.type", "unreadable"),
    };
    span.record("otel.status_description", error.to_string());
}
