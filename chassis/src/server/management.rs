//! The management port: what Kubernetes and Prometheus ask, apart from what customers ask.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::readiness::Readiness;
use crate::server::metrics::Metrics;
use crate::server::well_formed;

/// The routes of the management port.
pub(crate) fn router(readiness: Readiness, metrics: Metrics) -> Router {
    Router::new()
        .route("/livez", get("alive\n"))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(scrape).with_state(metrics))
        .layer(middleware::from_fn(well_formed::check))
}

async fn readyz(State(readiness): State<Readiness>) -> Result<&'static str, (StatusCode, String)> {
    let unavailable = |reason| (StatusCode::SERVICE_UNAVAILABLE, reason);
    readiness.check().map_err(unavailable)
}

/// The metrics, in the format of [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/)
/// for who accepts that; others, such as a browser, get Prometheus' older one, which has no exemplars.
async fn scrape(State(metrics): State<Metrics>, headers: HeaderMap) -> impl IntoResponse {
    let accepted = headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
    let accepted = String::from_utf8_lossy(accepted.unwrap_or_default());
    let text = metrics.encode();
    if accepted.contains(OPEN_METRICS) {
        let format = format!("{OPEN_METRICS}; version=1.0.0; charset=utf-8");
        return ([(header::CONTENT_TYPE, format)], text);
    }
    let format = "text/plain; version=0.0.4; charset=utf-8".to_owned();
    ([(header::CONTENT_TYPE, format)], without_exemplars(&text))
}

const OPEN_METRICS: &str = "application/openmetrics-text";

/// An exemplar follows its sample after a number sign; the rest of OpenMetrics' text is valid in the
/// older format, too.
fn without_exemplars(text: &str) -> String {
    let sample = |line: &str| match line.split_once(" # {") {
        Some((sample, _)) => format!("{sample}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(sample).collect()
}
