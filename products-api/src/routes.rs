//! Which path is served by which handler. Each handler describes itself for `/openapi.json`.

use axum::routing::get;
use axum::{Json, Router};
use chassis::Problem;
use utoipa::OpenApi;

use crate::app_state::AppState;
use crate::products;

/// The service's routes.
pub fn router(app: AppState) -> Router {
    let document = Document::openapi();
    Router::new()
        .route("/products", get(products::list))
        .route("/products/{id}", get(products::show))
        .route("/openapi.json", get(async move || Json(document)))
        .with_state(app)
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "products-api",
        description = "What the shop sells and for how much."
    ),
    paths(products::list, products::show),
    components(schemas(Problem))
)]
struct Document;
