//! The management port: what Kubernetes and Prometheus ask, apart from what customers ask.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
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

async fn scrape(State(metrics): State<Metrics>) -> impl IntoResponse {
    let format = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, format)], metrics.encode())
}
