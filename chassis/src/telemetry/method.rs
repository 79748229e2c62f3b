//! HTTP methods as spans and metrics name them.

use axum::http::Method;

/// The name of every unknown method.
pub(crate) const OTHER: &str = "_OTHER";

/// The method, or [`OTHER`]: callers may invent as many as they like
/// (<https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/>).
pub(crate) fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => OTHER,
    }
}
