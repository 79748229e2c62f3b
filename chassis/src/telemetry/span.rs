//! The span of each request.
//!
//! Attributes follow OpenTelemetry's semantic conventions for HTTP
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>).

use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::trace::FutureExt;
use opentelemetry::{Array, Value};
use tracing::field::Empty;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::authority::authority;
use crate::completion::{CANCELLED, Completion};
use crate::headers::FORWARDED_PROTO;
use crate::propagation::Propagators;
use crate::propagation::forwarded::Forwarded;
use crate::telemetry::ids::RequestId;
use crate::telemetry::method::{self, method};

/// The target of our spans, by which the log distinguishes them from events.
pub(crate) const SPAN: &str = "chassis::span";

/// Middleware that opens the server span of a request, below the span that its headers name, and
/// keeps the headers that its calls carry on in the request's extensions.
pub(crate) async fn trace(
    State(propagators): State<Propagators>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut context = propagators.extract(request.headers());
    let forwarded = Forwarded::of(request.headers());
    let request_id = forwarded.request_id().map(str::to_owned);
    if let Some(id) = &request_id {
        context = context.with_value(RequestId(id.clone()));
    }
    request.extensions_mut().insert(forwarded);
    let serve = async {
        let span = server_span(&request);
        if let Some(id) = request_id {
            // Headers are arrays (<https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/>).
            let ids = Array::String(vec![id.into()]);
            span.set_attribute("http.request.header.x-request-id", Value::Array(ids));
        }
        let completion = Completion::new({
            let span = span.clone();
            move |status| record(&span, status)
        });
        let response = next.run(request).instrument(span).await;
        completion.end(response.status());
        response
    };
    serve.with_context(context).await
}

/// Records on the request's span how it ended; without a status its caller hung up.
fn record(span: &Span, status: Option<StatusCode>) {
    let Some(status) = status else {
        span.record("error.type", CANCELLED);
        return;
    };
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("error.type", status.as_str());
        span.record("otel.status_code", "ERROR");
    }
}

fn server_span(request: &Request) -> Span {
    let (method, uri) = (method(request.method()), request.uri());
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map(MatchedPath::as_str);
    // What the conventions call a method that is not in their list.
    let name = if method == method::OTHER {
        "HTTP"
    } else {
        method
    };
    let name = [name, route.unwrap_or_default()].join(" ");
    let original = (method == method::OTHER).then(|| cut(request.method().as_str()));
    let text = |name| cut_header(request.headers(), name);
    let host = authority(request);
    let scheme = match text(FORWARDED_PROTO) {
        Some("https") => "https",
        _ => "http",
    };
    tracing::info_span!(
        target: SPAN,
        "request",
        otel.name = name.trim_end(),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.request.method_original = original,
        http.route = route,
        http.response.status_code = Empty,
        url.path = cut(uri.path()),
        url.query = uri.query().map(cut),
        url.scheme = scheme,
        server.address = host.as_ref().map(Authority::host),
        server.port = host.as_ref().and_then(Authority::port_u16).map(i64::from),
        user_agent.original = text(header::USER_AGENT),
        widgetario.cached = Empty,
        error.type = Empty,
    )
}

/// At most the first 256 characters of an ASCII text: callers decide how long these texts are.
fn cut(text: &str) -> &str {
    text.get(..256).unwrap_or(text)
}

fn cut_header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(cut)
}

/// Records on the request's span whether its answer came from a cache.
pub fn cached(hit: bool) {
    Span::current().record("widgetario.cached", hit);
}
