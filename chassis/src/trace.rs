//! The span of each request, and what of the request goes along with each call made for it.
//!
//! Attributes follow OpenTelemetry's semantic conventions for HTTP
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>).

use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::trace::{FutureExt, TraceContextExt};
use opentelemetry::{Array, Context, Value};
use tracing::field::Empty;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::metrics;
use crate::outcome::{CANCELLED, Outcome};
use crate::propagation::Propagators;
use crate::well_formed::authority;

/// The target of our spans: by it the log tells them from events.
pub(crate) const SPAN: &str = "chassis::span";

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const END_USER: HeaderName = HeaderName::from_static("end-user");

/// What a mesh needs of a request in the calls made for it; cookies and credentials are not listed,
/// and so never leave.
const FORWARDED: [HeaderName; 2] = [REQUEST_ID, END_USER];

/// The forwarded headers of the request under way, kept in its [`Context`].
struct Forwarded(HeaderMap);

tokio::task_local! {
    /// Whom the task's calls are made for, when its request did not say so by itself.
    static ON_BEHALF_OF: HeaderValue;
}

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
        if let Some(id) = Ids::current().request_id {
            // Headers are arrays (<https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/>).
            let ids = Array::String(vec![id.into()]);
            span.set_attribute("http.request.header.x-request-id", Value::Array(ids));
        }
        let outcome = Outcome::new({
            let span = span.clone();
            move |status| note(&span, status)
        });
        let response = next.run(request).instrument(span).await;
        outcome.is(response.status());
        response
    };
    serve.with_context(context).await
}

/// Notes on the request's span how it ended; without a status its caller hung up.
fn note(span: &Span, status: Option<StatusCode>) {
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
    let (method, uri) = (metrics::method(request.method()), request.uri());
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map(MatchedPath::as_str);
    // What the conventions call a method that is not in their list.
    let name = if method == metrics::OTHER {
        "HTTP"
    } else {
        method
    };
    let name = [name, route.unwrap_or_default()].join(" ");
    let original = (method == metrics::OTHER).then(|| cut(request.method().as_str()));
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

/// At most the first 256 characters (ASCII ones): callers decide what these texts hold.
fn cut(text: &str) -> &str {
    text.get(..256).unwrap_or(text)
}

fn cut_header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(cut)
}

/// Notes on the request's span whether its answer came from a cache.
pub fn cached(hit: bool) {
    Span::current().record("widgetario.cached", hit);
}

/// Writes what goes along with a call: the trace and the forwarded headers.
pub(crate) fn inject(propagators: &Propagators, headers: &mut HeaderMap) {
    let context = Context::current();
    headers.extend(going_along(&context));
    propagators.inject(&context, headers);
}

/// The forwarded headers, and for whom the calls are made.
fn going_along(context: &Context) -> HeaderMap {
    let forwarded = context.get::<Forwarded>();
    let mut headers = forwarded.map_or_else(HeaderMap::new, |Forwarded(headers)| headers.clone());
    if let Ok(name) = ON_BEHALF_OF.try_with(Clone::clone) {
        headers.insert(END_USER, name);
    }
    headers
}

/// The `end-user` that the calls of the request under way say.
pub fn end_user() -> Option<String> {
    let name = going_along(&Context::current()).remove(END_USER)?;
    Some(name.to_str().ok()?.to_owned())
}

/// Runs `request`, each call of which then says `end-user: name`, which a mesh can match.
pub async fn as_end_user<T>(name: HeaderValue, request: impl Future<Output = T>) -> T {
    ON_BEHALF_OF.scope(name, request).await
}

fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let listed = |name: HeaderName| {
        let value = headers.get(&name).filter(|value| is_plain(value))?;
        Some((name, value.clone()))
    };
    FORWARDED.into_iter().filter_map(listed).collect()
}

/// Whether a value may stand in a log line and in a call: an id or a name, of at most 128 characters.
fn is_plain(value: &HeaderValue) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._:@-".contains(byte);
    (1..=128).contains(&value.len()) && value.as_bytes().iter().all(is_allowed)
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

/// The `x-request-id` of the request under way, by which a proxy's log line names it.
pub fn request_id() -> Option<String> {
    Ids::current().request_id
}
