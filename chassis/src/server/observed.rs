//! What is observed of each request, from its arrival to its answer: a span, a measurement, a line
//! in the access log; and what every answer says of itself.
//!
//! All of it is one tower service with one future, around everything else, because axum puts each
//! layer of a router into a box of its own and copies all boxes below it for each request.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use opentelemetry::Context;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::propagation::Propagators;
use crate::readiness::Readiness;
use crate::server::access::{Line, write_abandoned};
use crate::server::answer_headers::{Identity, Origin};
use crate::server::metrics::{Measurement, Metrics, Usual};
use crate::server::name_trace::name_trace;
use crate::server::stop::retire;
use crate::telemetry::server_span::{end_server_span, open_server_span};

/// What the steps of all requests share.
struct Shared {
    propagators: Propagators,
    metrics: Metrics,
    readiness: Readiness,
    /// Who answers, when the answers say so.
    identity: Option<Identity>,
}

/// The layer that observes the requests of a service.
#[derive(Clone)]
pub(crate) struct Observe(Arc<Shared>);

impl Observe {
    /// With an `identity`, each answer says who gave it.
    pub(crate) fn new(
        propagators: Propagators,
        metrics: Metrics,
        readiness: Readiness,
        identity: Option<Identity>,
    ) -> Self {
        Self(Arc::new(Shared {
            propagators,
            metrics,
            readiness,
            identity,
        }))
    }
}

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    /// axum calls this for each route.
    fn layer(&self, inner: S) -> Observed<S> {
        Observed {
            inner,
            usual: Usual::default(),
            shared: Arc::clone(&self.0),
        }
    }
}

/// A service whose requests are observed.
#[derive(Clone)]
pub(crate) struct Observed<S> {
    inner: S,
    usual: Usual,
    shared: Arc<Shared>,
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Observing<S::Future>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        let under_way = UnderWay {
            measurement: Measurement::begin(&request, self.usual.clone()),
            line: Line::begin(&request).map(Box::new),
            origin: Origin::of(request.headers()).map(Box::new),
            context: open_server_span(&shared.propagators, &mut request),
            is_reported: false,
            shared,
        };
        let _within = under_way.context.clone().attach();
        let inner = self.inner.call(request);
        Observing { inner, under_way }
    }
}

pin_project! {
    /// The answer of a request that is observed.
    pub(crate) struct Observing<F> {
        #[pin]
        inner: F,
        under_way: UnderWay,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Observing<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _within = this.under_way.context.clone().attach();
        let Ok(response) = ready!(this.inner.poll(context));
        Poll::Ready(Ok(this.under_way.end(response)))
    }
}

/// A request under way. (hyper drops a request's future as soon as its caller hangs up: then it is
/// reported without a status.)
///
/// What few requests have is boxed: the whole is moved several times.
struct UnderWay {
    shared: Arc<Shared>,
    origin: Option<Box<Origin>>,
    line: Option<Box<Line>>,
    measurement: Measurement,
    /// Its span, and what arrived with it.
    context: Context,
    is_reported: bool,
}

impl UnderWay {
    /// Reports the request and completes its answer; to be called within its context.
    fn end(&mut self, response: Response) -> Response {
        let duration = self.report(Some(response.status()));
        let mut response = name_trace(response);
        let headers = response.headers_mut();
        if let Some(identity) = &self.shared.identity {
            identity.sign(self.origin.take(), duration, headers);
        }
        retire(&self.shared.readiness, headers);
        response
    }

    fn report(&mut self, status: Option<StatusCode>) -> Duration {
        self.is_reported = true;
        let metrics = &self.shared.metrics;
        let duration = self.measurement.report(metrics, status, &self.context);
        match self.line.take() {
            Some(line) => line.write(status, duration),
            None if status.is_none() => write_abandoned(self.measurement.name(), duration),
            None => {}
        }
        end_server_span(&self.context, status);
        duration
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.is_reported {
            let _within = self.context.clone().attach();
            self.report(None);
        }
    }
}
