//! `GET /products` and `GET /products/{id}`.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use chassis::{Path, Problem, Statement, Trial};
use futures_util::TryFutureExt;
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Factor, Shelf};

/// Something that the shop sells.
#[derive(Serialize, ToSchema)]
struct Product {
    id: i64,
    #[schema(max_length = 255)]
    name: String,
    /// In dollars, to the cent.
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    #[schema(value_type = f64, minimum = 0, example = json!(30.00))]
    price: Decimal,
}

type Row = (i64, String, Decimal);

/// What a page asks of the database.
pub(crate) const TRIALS: [Trial; 1] = [|connection| Box::pin(all(connection).map_ok(drop))];

fn all(connection: &mut PgConnection) -> Statement<'_, Vec<Row>> {
    let query = sqlx::query_as(
        "SELECT id::bigint, name::text, price::numeric FROM public.products ORDER BY id",
    );
    Box::pin(query.fetch_all(connection))
}

fn one(connection: &mut PgConnection, id: i64) -> Statement<'_, Option<Row>> {
    let query = sqlx::query_as(
        "SELECT id::bigint, name::text, price::numeric FROM public.products WHERE id = $1",
    );
    Box::pin(query.bind(id).fetch_optional(connection))
}

impl Product {
    fn new((id, name, stored): Row, factor: Factor) -> Self {
        let price = factor.apply(stored);
        Self { id, name, price }
    }
}

#[derive(OpenApi)]
#[openapi(info(
    title = "products-api",
    description = "What the shop sells and for how much."
))]
struct Document;

/// The service's routes, `/openapi.json` among them.
pub fn router(shelf: Shelf) -> Router {
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(list))
        .routes(routes!(show))
        .with_state(shelf)
        .split_for_parts();
    router.route("/openapi.json", get(async || axum::Json(document)))
}

/// All products, by id.
#[utoipa::path(get, path = "/products", responses(
    (status = 200, description = "All of them, by id", body = Vec<Product>),
    (status = 503, description = "The database did not answer in time", body = Problem, content_type = "application/problem+json"),
))]
async fn list(State(shelf): State<Shelf>) -> Result<axum::Json<Vec<Product>>, Problem> {
    let rows: Vec<Row> = shelf.database.read("SELECT products", all).await?;
    let product = |row| Product::new(row, shelf.price_factor);
    Ok(axum::Json(rows.into_iter().map(product).collect()))
}

/// One product.
#[utoipa::path(get, path = "/products/{id}", params(("id" = i64, Path, example = 1)), responses(
    (status = 200, description = "The product", body = Product),
    (status = 400, description = "The id is no whole number", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such product", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The database did not answer in time", body = Problem, content_type = "application/problem+json"),
))]
async fn show(
    State(shelf): State<Shelf>,
    Path(id): Path<i64>,
) -> Result<axum::Json<Product>, Problem> {
    let row: Option<Row> = shelf
        .database
        .read("SELECT products", |connection| one(connection, id))
        .await?;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, format!("There is no product {id}."));
    let row = row.ok_or_else(unknown)?;
    Ok(axum::Json(Product::new(row, shelf.price_factor)))
}
