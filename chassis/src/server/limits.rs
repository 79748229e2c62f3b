//! What protects a service from too many requests at once, from slow ones, from malformed ones, and
//! from one that panics.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tower::{Layer, Service};

use crate::problem::Problem;
use crate::server::well_formed;

/// More at once would wait longer than their callers do.
const REQUESTS_AT_ONCE: usize = 1024;
/// Longer than a page, which takes three calls' time at most, when each call takes all that settings
/// allow (10 s).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(35);

/// The layer that limits a service: requests at once, 35 s for each, 16 KiB of declared body, and a
/// [`Problem`] instead of a panic, or for a request that HTTP calls malformed.
#[derive(Clone, Default)]
pub struct Limits(UnderWay);

/// How many requests are under way.
type UnderWay = Arc<AtomicUsize>;

impl<S> Layer<S> for Limits {
    type Service = Limited<S>;

    fn layer(&self, inner: S) -> Limited<S> {
        Limited {
            inner,
            under_way: Arc::clone(&self.0),
        }
    }
}

/// A service within the limits.
#[derive(Clone)]
pub struct Limited<S> {
    inner: S,
    under_way: UnderWay,
}

impl<S> Service<Request> for Limited<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Limiting<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let answer = |response| Limiting::Answered {
            response: Some(response),
        };
        if let Some(response) = well_formed::answer(&request) {
            return answer(response);
        }
        let Some(place) = Place::take(&self.under_way) else {
            let problem = Problem::unavailable("Too many requests at once.");
            return answer(problem.unchanged().into_response());
        };
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(inner) => Limiting::Serving {
                inner,
                timeout: sleep(REQUEST_TIMEOUT),
                _place: place,
            },
            Err(panic) => answer(panicked(panic.as_ref())),
        }
    }
}

pin_project! {
    /// The answer of a request within the limits.
    #[project = Projected]
    pub enum Limiting<F> {
        Serving {
            #[pin]
            inner: F,
            #[pin]
            timeout: Sleep,
            _place: Place,
        },
        Answered { response: Option<Response> },
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Limiting<F> {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match self.as_mut().project() {
            Projected::Answered { response } => response.take().expect("polled until it is ready"),
            Projected::Serving { inner, timeout, .. } => {
                match catch_unwind(AssertUnwindSafe(|| inner.poll(context))) {
                    Ok(Poll::Ready(Ok(response))) => return Poll::Ready(Ok(response)),
                    Ok(Poll::Pending) => {
                        ready!(timeout.poll(context));
                        too_slow()
                    }
                    Err(panic) => panicked(panic.as_ref()),
                }
            }
        };
        // What is still under way ends before the request does: its spans are part of it.
        self.set(Self::Answered { response: None });
        Poll::Ready(Ok(response))
    }
}

/// A request's place among those under way, given back when it ends.
struct Place(UnderWay);

impl Place {
    fn take(under_way: &UnderWay) -> Option<Self> {
        let before = under_way.fetch_add(1, Ordering::Relaxed);
        let place = Self(Arc::clone(under_way));
        (before < REQUESTS_AT_ONCE).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether what was asked for was done is unknown.
fn too_slow() -> Response {
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "The answer took too long.").into_response()
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!("a handler panicked: {message}");
    Problem::internal().into_response()
}
