//! `GET /stock/{id}` from a cache.

use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use chassis::CACHE_STATUS;
use serde::Serialize;

use crate::bare::identity;

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

async fn show(State(cache): State<Cache>, Path(id): Path<i64>) -> impl IntoResponse {
    let begun = Instant::now();
    let stock = cache.get_with(id, async { 600 }).await;
    let hit = [(CACHE_STATUS, "stock-api; hit")];
    (identity(begun), hit, Json(Stock { id, stock }))
}
