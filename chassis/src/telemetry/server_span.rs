//! The span of each request.
//!
//! Attributes follow OpenTelemetry's semantic conventions for HTTP
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>).

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};

use crate::authority::host_and_port;
use crate::completion::CANCELLED;
use crate::headers::FORWARDED_PROTO;
use crate::propagation::Propagators;
use crate::propagation::forwarded::Forwarded;
use crate::telemetry::ids::RequestId;
use crate::telemetry::method::{self, method};
use crate::telemetry::span::{failed, open};

/// Opens the span of `request`, below the span that its headers name, and keeps the headers that its
/// calls carry on in the request's extensions. Returns the context in which the request is served.
pub(crate) fn open_server_span(propagators: &Propagators, request: &mut Request) -> Context {
    let mut context = propagators.extract(request.headers());
    let forwarded = Forwarded::of(request.headers());
    let request_id = forwarded.as_ref().and_then(Forwarded::request_id);
    let request_id = request_id.map(str::to_owned);
    if let Some(id) = &request_id {
        context = context.with_value(RequestId(id.clone()));
    }
    if let Some(forwarded) = forwarded {
        request.extensions_mut().insert(forwarded);
    }
    open(context, || SpanBuilder {
        name: name(request).into(),
        span_kind: Some(SpanKind::Server),
        attributes: Some(attributes(request, request_id)),
        ..SpanBuilder::default()
    })
}

/// Records how a request ended, without a status that its caller hung up, and ends its span.
pub(crate) fn end_server_span(context: &Context, status: Option<StatusCode>) {
    let span = context.span();
    match status {
        None => failed(context, CANCELLED, "nobody waits for the answer any longer"),
        Some(status) => {
            let number = i64::from(status.as_u16());
            span.set_attribute(KeyValue::new("http.response.status_code", number));
            if status.is_server_error() {
                span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
                span.set_status(Status::error(""));
            }
        }
    }
    span.end();
}

fn name(request: &Request) -> String {
    // What the conventions call a method that is not in their list.
    let method = match method(request.method()) {
        method::OTHER => "HTTP",
        method => method,
    };
    match route(request) {
        Some(route) => [method, route].join(" "),
        None => method.to_owned(),
    }
}

fn route(request: &Request) -> Option<&str> {
    let route = request.extensions().get::<MatchedPath>();
    route.map(MatchedPath::as_str)
}

fn attributes(request: &Request, request_id: Option<String>) -> Vec<KeyValue> {
    let (uri, headers) = (request.uri(), request.headers());
    let method = method(request.method());
    let scheme = match text(headers, FORWARDED_PROTO) {
        Some("https") => "https",
        _ => "http",
    };
    let mut attributes = Vec::with_capacity(16); // two are added when the answer is known
    attributes.push(KeyValue::new("http.request.method", method));
    attributes.push(KeyValue::new("url.path", owned(cut(uri.path()))));
    attributes.push(KeyValue::new("url.scheme", scheme));
    let mut add = |key: &'static str, value: Option<Value>| {
        attributes.extend(value.map(|value| KeyValue::new(key, value)));
    };
    if method == method::OTHER {
        let original = owned(cut(request.method().as_str()));
        add("http.request.method_original", Some(original));
    }
    add("http.route", route(request).map(owned));
    add("url.query", uri.query().map(cut).map(owned));
    if let Some((host, port)) = host(request) {
        add("server.address", Some(owned(host)));
        add("server.port", port.map(i64::from).map(Value::from));
    }
    let agent = text(headers, header::USER_AGENT);
    add("user_agent.original", agent.map(owned));
    // Headers are arrays (<https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/>).
    let ids = request_id.map(|id| Value::Array(Array::String(vec![id.into()])));
    add("http.request.header.x-request-id", ids);
    attributes
}

/// Host and port of the target or of the `host` header.
fn host(request: &Request) -> Option<(&str, Option<u16>)> {
    match request.uri().authority() {
        Some(target) => Some((target.host(), target.port_u16())),
        None => host_and_port(text(request.headers(), header::HOST)?),
    }
}

fn owned(text: &str) -> Value {
    Value::String(StringValue::from(text.to_owned()))
}

/// At most the first 256 characters of an ASCII text: callers decide how long these texts are.
fn cut(text: &str) -> &str {
    text.get(..256).unwrap_or(text)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(cut)
}
