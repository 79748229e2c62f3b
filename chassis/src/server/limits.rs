//! What protects a service from too many requests at once, from slow ones, and from one that
//! panics.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use crate::problem::Problem;
use crate::server::well_formed::{self, BODY_BYTES};

/// More at once would wait longer than their callers do.
const REQUESTS_AT_ONCE: usize = 1024;
/// Longer than two calls or database answers that take all the time that settings allow (10 s each).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Wraps `router` in the limits: requests at once, 30 s for each, 16 KiB of body, and a [`Problem`]
/// instead of a panic, or for a request that HTTP calls malformed.
pub fn limited(router: Router) -> Router {
    let permits = Arc::new(Semaphore::new(REQUESTS_AT_ONCE));
    router
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            answer(Arc::clone(&permits), request, next)
        }))
        .layer(middleware::from_fn(well_formed::check))
}

async fn answer(permits: Arc<Semaphore>, request: Request, next: Next) -> Response {
    let Ok(_permit) = permits.try_acquire() else {
        let problem = Problem::unavailable("Too many requests at once.");
        return problem.unchanged().into_response();
    };
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        // Whether what was asked for was done is unknown.
        Err(_) => {
            Problem::new(StatusCode::GATEWAY_TIMEOUT, "The answer took too long.").into_response()
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "tower-http's signature")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!("a handler panicked: {message}");
    Problem::internal().into_response()
}
