//! The span of each request, and what of the request goes along with each call made for it.
//!
//! Attributes follow OpenTelemetry's semantic conventions for HTTP
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>).

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::Context;
use opentelemetry::trace::{FutureExt, TraceContextExt};
use tracing::field::{Empty, display};
use tracing::{Instrument, Span};

use crate::propagation::Propagators;

/// The target of our spans: by it the log tells them from events.
pub(crate) const SPAN: &str = "chassis::span";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const END_USER: HeaderName = HeaderName::from_static("end-user");

/// What a mesh needs of a request in the calls made for it; cookies and credentials are not listed,
/// and so never leave.
const FORWARDED: [HeaderName; 2] = [REQUEST_ID, END_USER];

/// The forwarded headers of the request under way, kept in its [`Context`].
struct Forwarded(HeaderMap);

/// Middleware that opens the server span of a request, below the span that its headers name.
pub(crate) async fn trace(
    State(propagators): State<Propagators>,
    request: Request,
    next: Next,
) -> Response {
    let context = propagators.extract(request.headers());
    let context = context.with_value(Forwarded(forwarded(request.headers())));
    let serve = async {
        let span = server_span(&request);
        let response = next.run(request).instrument(span.clone()).await;
        let status = response.status();
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("error.type", display(status.as_u16()));
            span.record("otel.status_code", "ERROR");
        }
        response
    };
    serve.with_context(context).await
}

fn server_span(request: &Request) -> Span {
    let (method, uri) = (request.method(), request.uri());
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    let text = |name| {
        let value = request.headers().get(name).map(HeaderValue::to_str);
        value.and_then(Result::ok).unwrap_or_default()
    };
    tracing::info_span!(
        target: SPAN,
        "request",
        otel.name = format!("{method} {route}").trim_end(),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method.as_str(),
        http.route = route,
        http.response.status_code = Empty,
        url.path = uri.path(),
        url.scheme = "http",
        server.address = text(header::HOST),
        user_agent.original = text(header::USER_AGENT),
        widgetario.cached = Empty,
        error.type = Empty,
    )
}

/// Notes on the request's span whether its answer came from a cache.
pub fn cached(hit: bool) {
    Span::current().record("widgetario.cached", hit);
}

/// Writes what goes along with a call: the trace and the forwarded headers.
pub(crate) fn inject(propagators: &Propagators, headers: &mut HeaderMap) {
    let context = Context::current();
    if let Some(Forwarded(forwarded)) = context.get::<Forwarded>() {
        headers.extend(forwarded.clone());
    }
    propagators.inject(&context, headers);
}

fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let listed = |name: HeaderName| Some((name.clone(), headers.get(name)?.clone()));
    FORWARDED.into_iter().filter_map(listed).collect()
}

/// What joins a log line, or an answer, with a trace and with a proxy's own log line.
pub(crate) struct Ids {
    pub(crate) trace_id: Option<String>,
    pub(crate) span_id: Option<String>,
    pub(crate) request_id: Option<String>,
}

impl Ids {
    /// Of the request under way, if there is one.
    pub(crate) fn current() -> Self {
        let context = Context::current();
        let span = context.span().span_context().clone();
        let forwarded = context.get::<Forwarded>();
        let request_id = forwarded.and_then(|Forwarded(headers)| headers.get(REQUEST_ID));
        Self {
            trace_id: span.is_valid().then(|| span.trace_id().to_string()),
            span_id: span.is_valid().then(|| span.span_id().to_string()),
            request_id: request_id.and_then(|id| Some(id.to_str().ok()?.to_owned())),
        }
    }
}

/// The id of the trace of the request under way, 32 hexadecimal digits.
pub fn trace_id() -> Option<String> {
    Ids::current().trace_id
}
