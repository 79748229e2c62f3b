//! Which path is served by which handler. Each handler describes itself for `/openapi.json`.

use axum::routing::{get, post};
use axum::{Json, Router};
use chassis::Problem;
use utoipa::OpenApi;

use crate::app_state::AppState;
use crate::{sales, stock};

/// The service's routes.
pub fn router(app: AppState) -> Router {
    let document = Document::openapi();
    Router::new()
        .route("/stock/{id}", get(stock::show).put(stock::replace))
        .route("/stock/{id}/sales", post(sales::sell))
        .route("/openapi.json", get(async move || Json(document)))
        .with_state(app)
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "stock-api",
        description = "How many of each product are left, and selling them."
    ),
    paths(stock::show, stock::replace, sales::sell),
    components(schemas(Problem))
)]
struct Document;
