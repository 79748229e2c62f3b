//! Metrics, named after OpenTelemetry's semantic conventions
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use opentelemetry::Context;
use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Metric, Registry, Unit};

use crate::completion::CANCELLED;
use crate::server::exemplar::Exemplar;
use crate::telemetry::method::method;

/// Bounds in seconds, as the semantic conventions advise.
const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Durations in buckets; each bucket names the trace of the last request in it that has one.
type Histogram = HistogramWithExemplars<Exemplar>;

/// What `/metrics` shows of a service.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    requests: Family<Labels, Histogram, fn() -> Histogram>,
    /// Requests that hyper refused by itself, before there was anything to route.
    pub(crate) unreadable: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: Arc::default(),
            requests: Family::new_with_constructor(|| Histogram::new(BUCKETS.into_iter())),
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

    /// Everything registered, in the text format of OpenMetrics 1.0, exemplars included.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry()).expect("writing to a String cannot fail");
        text
    }

    fn registry(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The histogram of a route's usual answers: those like its first success. It is found once, because
/// the search costs more than the measurement.
#[derive(Clone, Default)]
pub(super) struct Usual(Arc<OnceLock<(Labels, Histogram)>>);

/// The measurement of a request under way: from its arrival to its answer's head, or until its
/// caller hangs up.
pub(super) struct Measurement {
    begun: Instant,
    labels: Labels,
    usual: Usual,
}

impl Measurement {
    pub(super) fn begin(request: &Request, usual: Usual) -> Self {
        Self {
            begun: Instant::now(),
            labels: Labels {
                method: method(request.method()),
                route: request.extensions().get().cloned(),
                status: None,
            },
            usual,
        }
    }

    /// Counts the request that was served in `context`; an answer that was not sent has no status.
    /// Returns how long it took.
    pub(super) fn report(
        &mut self,
        metrics: &Metrics,
        status: Option<StatusCode>,
        context: &Context,
    ) -> Duration {
        let duration = self.begun.elapsed();
        let seconds = duration.as_secs_f64();
        let exemplar = Exemplar::of(context);
        let now = exemplar.is_some().then(SystemTime::now);
        self.labels.status = status;
        match self.usual.0.get() {
            Some((labels, histogram)) if *labels == self.labels => {
                histogram.observe(seconds, exemplar, now);
            }
            _ => {
                let histogram = metrics.requests.get_or_create_owned(&self.labels);
                histogram.observe(seconds, exemplar, now);
                if status.is_some_and(|status| status.is_success()) {
                    let _ = self.usual.0.set((self.labels.clone(), histogram));
                }
            }
        }
        duration
    }

    /// Its method and route, as its labels have them.
    pub(super) fn name(&self) -> (&'static str, &str) {
        (self.labels.method, self.labels.route())
    }
}

/// The labels are bounded on purpose: all unknown methods share one, and so do all unknown paths.
#[derive(Clone, Debug)]
struct Labels {
    method: &'static str,
    route: Option<MatchedPath>,
    status: Option<StatusCode>,
}

impl Labels {
    fn route(&self) -> &str {
        self.route.as_ref().map_or("unmatched", MatchedPath::as_str)
    }

    fn parts(&self) -> (&'static str, &str, Option<StatusCode>) {
        (self.method, self.route(), self.status)
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl EncodeLabelSet for Labels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        ("http_request_method", self.method).encode(encoder.encode_label())?;
        ("http_route", self.route()).encode(encoder.encode_label())?;
        let Some(status) = &self.status else {
            return ("error_type", CANCELLED).encode(encoder.encode_label());
        };
        ("http_response_status_code", status.as_str()).encode(encoder.encode_label())?;
        if status.is_server_error() {
            ("error_type", status.as_str()).encode(encoder.encode_label())?;
        }
        Ok(())
    }
}
