//! The access log: a line for each request, off by default. `RUST_LOG=info,access=debug` turns it on.

use std::time::Instant;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use crate::completion::{CANCELLED, Completion};

/// Middleware that writes the line of a request, with the ids by which a proxy's own line is found.
/// A request whose caller hung up has no status, but an `error`.
pub(crate) async fn log(request: Request, next: Next) -> Response {
    if !tracing::enabled!(target: "access", tracing::Level::DEBUG) {
        return next.run(request).await;
    }
    let begin = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let completion = Completion::new(move |status: Option<StatusCode>| {
        tracing::debug!(
            target: "access",
            method = method.as_str(),
            path = uri.path(),
            status = status.map(|status| status.as_u16()),
            error = status.is_none().then_some(CANCELLED),
            seconds = (begin.elapsed().as_secs_f64() * 1e6).round() / 1e6,
            "request"
        );
    });
    let response = next.run(request).await;
    completion.end(response.status());
    response
}
