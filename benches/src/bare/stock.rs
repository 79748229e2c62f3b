//! `GET /stock/{id}` from a cache.

use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue};
use axum::routing::get;
use axum::{Json, Router};
use chassis::{CACHE_STATUS, POD, SERVER_TIMING, VERSION};
use serde::Serialize;

#[derive(Serialize)]
struct Stock {
    id: i64,
    stock: i64,
}

type Cache = moka::future::Cache<i64, i64>;

/// The route, with a cache like the service's.
pub fn router() -> Router {
    let cache = Cache::builder()
        .max_capacity(10_000)
        .time_to_live(Duration::from_secs(45))
        .build();
    Router::new()
        .route("/stock/{id}", get(show))
        .with_state(cache)
}

/// With the headers of the service's answer.
async fn show(
    State(cache): State<Cache>,
    Path(id): Path<i64>,
) -> ([(HeaderName, HeaderValue); 4], Json<Stock>) {
    let begun = Instant::now();
    let stock = cache.get_with(id, async { 600 }).await;
    let microseconds = begun.elapsed().as_micros();
    let (whole, fraction) = (microseconds / 1000, microseconds % 1000);
    let timing = format!("app;dur={whole}.{fraction:03}");
    let headers = [
        (VERSION, HeaderValue::from_static("v1")),
        (POD, HeaderValue::from_static("localhost")),
        (SERVER_TIMING, HeaderValue::from_str(&timing).unwrap()),
        (CACHE_STATUS, HeaderValue::from_static("stock-api; hit")),
    ];
    (headers, Json(Stock { id, stock }))
}
