//! What HTTP demands of a request beyond what hyper, which reads it, insists on. `docs/http.md` lists
//! every demand, and who answers it how.

use axum::extract::Request;
use axum::http::uri::Scheme;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::authority::host_and_port;
use crate::problem::Problem;

/// A little more than the 8000 that every server should accept (RFC 9112, section 3).
const TARGET_BYTES: usize = 8 * 1024;
/// The longest body that is accepted.
pub(super) const BODY_BYTES: usize = 16 * 1024;

/// The answer to a request that is malformed, asks for what no service here offers, or only whether
/// the server is there; `None` for every other one.
pub(super) fn answer(request: &Request) -> Option<Response> {
    // One look at each name costs less than a search for each that `fields` judges.
    let has_judged = request.headers().keys().any(is_judged);
    let fields = || if has_judged { fields(request) } else { Ok(()) };
    if let Err(problem) = target(request).and_then(|()| fields()) {
        return Some(problem.into_response());
    }
    // `OPTIONS *` asks whether the server is there.
    (request.uri() == "*").then(|| StatusCode::NO_CONTENT.into_response())
}

/// Middleware that gives this answer, for a router without the other limits.
pub(super) async fn check(request: Request, next: Next) -> Response {
    match answer(&request) {
        Some(response) => response,
        None => next.run(request).await,
    }
}

/// Sections 3.2 and 3.3 of RFC 9112.
fn target(request: &Request) -> Result<(), Problem> {
    let (method, uri) = (request.method(), request.uri());
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next();
    let is_old = request.version() == Version::HTTP_10;
    if hosts.next().is_some() || (host.is_none() && !is_old) {
        return refuse(StatusCode::BAD_REQUEST, "There must be one `host` header.");
    }
    if host.is_some_and(|host| host.to_str().ok().and_then(host_and_port).is_none()) {
        let detail = "The `host` header must be a name or an address, and a port at most.";
        return refuse(StatusCode::BAD_REQUEST, detail);
    }
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if length > TARGET_BYTES {
        return refuse(
            StatusCode::URI_TOO_LONG,
            "Path and query may have at most 8 KiB.",
        );
    }
    if uri.scheme().is_some_and(|scheme| *scheme != Scheme::HTTP) {
        let detail = "This is plain HTTP, and nothing else is served.";
        return refuse(StatusCode::MISDIRECTED_REQUEST, detail);
    }
    if method == Method::CONNECT && !uri.path().starts_with('/') {
        return refuse(StatusCode::NOT_IMPLEMENTED, "This is no proxy.");
    }
    let is_this_server = uri == "*" && method == Method::OPTIONS;
    if !uri.path().starts_with('/') && !is_this_server {
        return refuse(StatusCode::BAD_REQUEST, "What is asked for must be a path.");
    }
    Ok(())
}

/// Whether [`fields`] judges the field `name`.
fn is_judged(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "content-encoding"
            | "content-length"
            | "content-range"
            | "expect"
            | "if-match"
            | "if-none-match"
            | "transfer-encoding"
    )
}

/// Sections 8.4, 10.1.1, 13.1 and 14.5 of RFC 9110, and section 6.1 of RFC 9112.
fn fields(request: &Request) -> Result<(), Problem> {
    let (method, headers) = (request.method(), request.headers());
    if other_than(headers, header::EXPECT, "100-continue") {
        let detail = "Of expectations only `100-continue` can be met.";
        return refuse(StatusCode::EXPECTATION_FAILED, detail);
    }
    if other_than(headers, header::TRANSFER_ENCODING, "chunked") {
        let detail = "Of transfer codings only `chunked` is known.";
        return refuse(StatusCode::NOT_IMPLEMENTED, detail);
    }
    if other_than(headers, header::CONTENT_ENCODING, "identity") {
        let detail = "The body must be sent as it is, without a `content-encoding`.";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
    }
    if method == Method::PUT && headers.contains_key(header::CONTENT_RANGE) {
        return refuse(StatusCode::BAD_REQUEST, "A part cannot be replaced.");
    }
    // Nothing here has an entity tag, so no tag in a condition can match.
    let must_be_new = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tags| tags == "*");
    if other_than(headers, header::IF_MATCH, "*") || (must_be_new && !method.is_safe()) {
        let detail = "Nothing here has an entity tag, and nothing can be created.";
        return refuse(StatusCode::PRECONDITION_FAILED, detail);
    }
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > BODY_BYTES) {
        return refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body may have at most 16 KiB.",
        );
    }
    Ok(())
}

/// Whether the field `name` has any value other than `only`.
fn other_than(headers: &HeaderMap, name: HeaderName, only: &str) -> bool {
    let mut values = headers.get_all(name).iter();
    values.any(|value| !value.as_bytes().eq_ignore_ascii_case(only.as_bytes()))
}

fn refuse(status: StatusCode, detail: &str) -> Result<(), Problem> {
    Err(Problem::new(status, detail))
}
