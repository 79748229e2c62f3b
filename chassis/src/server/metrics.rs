//! Metrics, named after OpenTelemetry's semantic conventions
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

use crate::completion::{CANCELLED, Completion};
use crate::telemetry::method::method;

/// Bounds in seconds, as the semantic conventions advise.
const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// What `/metrics` shows of a service.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    requests: Family<Labels, Histogram, fn() -> Histogram>,
    /// Requests that hyper refused by itself, before there was anything to route.
    pub(crate) unreadable: Counter,
}

/// Names and values, the same few for any request.
type Labels = Vec<(&'static str, String)>;

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: Arc::default(),
            requests: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            unreadable: Counter::default(),
        };
        metrics.registry().register_with_unit(
            "http_server_request_duration",
            "Duration of HTTP server requests",
            Unit::Seconds,
            metrics.requests.clone(),
        );
        metrics.register(
            "http_server_unreadable_requests",
            "Requests whose head is no HTTP/1.1 or too large: answered 400, 414 or 431 unseen",
            metrics.unreadable.clone(),
        );
        metrics
    }

    /// Adds a metric of the service's own; counters get the suffix `_total`.
    pub fn register(&self, name: &str, help: &str, metric: impl Metric) {
        self.registry().register(name, help, metric);
    }

    /// Everything registered, in the text format that Prometheus scrapes.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry()).expect("writing to a String cannot fail");
        text
    }

    fn registry(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Middleware that measures each request from its arrival to its answer's head, or until its caller
/// hangs up.
pub(crate) async fn measure(
    State(metrics): State<Metrics>,
    request: Request,
    next: Next,
) -> Response {
    let begin = Instant::now();
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let completion = Completion::new(move |status| {
        let labels = labels(method, route.as_ref().map(MatchedPath::as_str), status);
        let duration = begin.elapsed().as_secs_f64();
        metrics.requests.get_or_create(&labels).observe(duration);
    });
    let response = next.run(request).await;
    completion.end(response.status());
    response
}

/// The labels are bounded on purpose: all unknown methods share one, and so do all unknown paths.
/// An answer that was not sent has no status.
fn labels(method: &'static str, route: Option<&str>, status: Option<StatusCode>) -> Labels {
    let error = match status {
        None => Some(CANCELLED.to_owned()),
        Some(status) => status.is_server_error().then(|| status.as_str().to_owned()),
    };
    let labels = [
        ("http_request_method", Some(method.to_owned())),
        ("http_route", Some(route.unwrap_or("unmatched").to_owned())),
        (
            "http_response_status_code",
            status.map(|status| status.as_str().to_owned()),
        ),
        ("error_type", error),
    ];
    let present = |(name, value)| Some((name, value?));
    labels.into_iter().filter_map(present).collect()
}
