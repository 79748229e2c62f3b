//! The access log: a line for each request, off by default. `RUST_LOG=info,access=debug` turns it on.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

/// Middleware that writes the line of a request, with the ids by which a proxy's own line is found.
pub(crate) async fn log(request: Request, next: Next) -> Response {
    if !tracing::enabled!(target: "access", tracing::Level::DEBUG) {
        return next.run(request).await;
    }
    let begin = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    tracing::debug!(
        target: "access",
        method = method.as_str(),
        path = uri.path(),
        status = response.status().as_u16(),
        seconds = (begin.elapsed().as_secs_f64() * 1e6).round() / 1e6,
        "request"
    );
    response
}
