//! The management port: what Kubernetes and Prometheus ask, apart from what customers ask.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
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
    let text = metrics.encode();
    if accepts_open_metrics(&headers) {
        let format = format!("{OPEN_METRICS}; version=1.0.0; charset=utf-8");
        return ([(header::CONTENT_TYPE, format)], text);
    }
    let format = "text/plain; version=0.0.4; charset=utf-8".to_owned();
    ([(header::CONTENT_TYPE, format)], without_exemplars(&text))
}

const OPEN_METRICS: &str = "application/openmetrics-text";

/// Whether an `Accept` names the format with a weight above 0
/// (<https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1>). Who weighs other formats higher gets it, too.
fn accepts_open_metrics(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT).into_iter();
    let mut ranges = lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','));
    ranges.any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        name.eq_ignore_ascii_case(OPEN_METRICS) && !parts.any(is_weight_of_zero)
    })
}

fn is_weight_of_zero(parameter: &str) -> bool {
    let weight = parameter
        .split_once('=')
        .filter(|(name, _)| name.eq_ignore_ascii_case("q"));
    weight.is_some_and(|(_, weight)| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0))
}

/// An exemplar follows its sample after a number sign; the rest of OpenMetrics' text is valid in the
/// older format, too.
fn without_exemplars(text: &str) -> String {
    let sample = |line: &str| match line.split_once(" # {") {
        Some((sample, _)) => format!("{sample}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(sample).collect()
}
