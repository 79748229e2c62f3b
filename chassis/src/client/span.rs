//! The span of each call.
//!
//! Attributes follow OpenTelemetry's semantic conventions for HTTP clients
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span>).

use std::sync::Arc;

use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, KeyValue};
use reqwest::{Method, Request, Url};

use crate::client::call::Call;
use crate::client::error::CallError;
use crate::telemetry::span::{client_span, failed};

/// The host and port of `url`, the called service's; cheap to copy.
pub(super) fn peer(url: &Url) -> [KeyValue; 2] {
    let host: Arc<str> = url.host_str().unwrap_or_default().into();
    let port = url.port_or_known_default().map_or(0, i64::from);
    [
        KeyValue::new("server.address", host),
        KeyValue::new("server.port", port),
    ]
}

/// Opens the span of a call by `request` to the service at `peer`. Returns the call's context.
pub(super) fn open(request: &Request, peer: &[KeyValue; 2]) -> Context {
    let method = match *request.method() {
        Method::POST => "POST",
        _ => "GET",
    };
    client_span(method, || {
        let mut attributes = Vec::with_capacity(6); // two are added when the end is known
        attributes.push(KeyValue::new("http.request.method", method));
        attributes.push(KeyValue::new("url.full", request.url().to_string()));
        attributes.extend_from_slice(peer);
        attributes
    })
}

/// Records on the span in `context` how `call` ended, with `error` if there is one, and ends it.
pub(super) fn end(context: &Context, call: &Call, error: Option<&CallError>) {
    let span = context.span();
    if let Some(status) = call.status {
        let status = i64::from(status);
        span.set_attribute(KeyValue::new("http.response.status_code", status));
    }
    if let Some(error) = error {
        failed(context, error.kind(), error.to_string());
    }
    span.end();
}
