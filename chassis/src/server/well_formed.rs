//! What HTTP demands of a request beyond what hyper, which reads it, insists on. `docs/http.md` lists
//! every demand, and who answers it how.

use axum::extract::Request;
use axum::http::uri::Scheme;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::authority::host;
use crate::problem::Problem;

/// A little more than the 8000 that every server should accept (RFC 9112, section 3).
const TARGET_BYTES: usize = 8 * 1024;
/// The longest body that is accepted.
pub(super) const BODY_BYTES: usize = 16 * 1024;

/// Middleware that refuses a request which is malformed, or asks for what no service here offers.
pub(crate) async fn check(request: Request, next: Next) -> Response {
    if let Err(problem) = target(&request).and_then(|()| fields(&request)) {
        return problem.into_response();
    }
    if request.uri() == "*" {
        // `OPTIONS *` asks whether the server is there.
        return StatusCode::NO_CONTENT.into_response();
    }
    next.run(request).await
}

/// Sections 3.2 and 3.3 of RFC 9112.
fn target(request: &Request) -> Result<(), Problem> {
    let (method, uri) = (request.method(), request.uri());
    let hosts = request.headers().get_all(header::HOST).iter().count();
    let is_old = request.version() == Version::HTTP_10;
    if hosts > 1 || (hosts == 0 && !is_old) {
        return refuse(StatusCode::BAD_REQUEST, "There must be one `host` header.");
    }
    if hosts == 1 && host(request.headers()).is_none() {
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
