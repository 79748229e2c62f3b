//! `GET /products` and `GET /products/{id}`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderName, header};
use chassis::{Database, Path, SharedRead, Statement, Trial};
use futures_util::TryFutureExt;
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::app_state::AppState;
use crate::error::{Error, ListErrors, ProductErrors};
use crate::price::Factor;

/// Something that the shop sells.
#[derive(Serialize, ToSchema)]
pub(crate) struct Product {
    id: i64,
    #[schema(max_length = 255)]
    name: String,
    /// In dollars, to the cent.
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    #[schema(value_type = f64, minimum = 0, example = json!(30.00))]
    price: Decimal,
}

impl Product {
    fn new((id, name, stored): Row, factor: Factor) -> Self {
        let price = factor.apply(stored);
        Self { id, name, price }
    }
}

/// All products, by id.
#[utoipa::path(get, path = "/products", responses(
    (status = 200, description = "All of them, by id", body = Vec<Product>),
    ListErrors,
))]
pub(crate) async fn list(
    State(app): State<AppState>,
) -> Result<([(HeaderName, &'static str); 1], Bytes), Error> {
    let products = app.list.get().await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], products))
}

/// Reads all products of `database`, as JSON: all who ask at once share one query, and one text.
pub(crate) fn list_of(database: &Database, factor: Factor) -> SharedRead<Bytes> {
    SharedRead::new(database.clone(), "SELECT products", move |connection| {
        let rows = all(connection);
        Box::pin(async move {
            let product = |row| Product::new(row, factor);
            let products: Vec<Product> = rows.await?.into_iter().map(product).collect();
            let json = serde_json::to_vec(&products);
            json.map(Bytes::from)
                .map_err(|error| sqlx::Error::Decode(error.into()))
        })
    })
}

/// One product.
#[utoipa::path(get, path = "/products/{id}", params(("id" = i64, Path, example = 1)), responses(
    (status = 200, description = "The product", body = Product),
    ProductErrors,
))]
pub(crate) async fn show(
    State(app): State<AppState>,
    Path(id): Path<i64>,
) -> Result<Json<Product>, Error> {
    let row = app
        .database
        .read("SELECT products", |connection| one(connection, id))
        .await?;
    let row = row.ok_or(Error::NoProduct(id))?;
    Ok(Json(Product::new(row, app.price_factor)))
}

/// A product as it is stored: its id, name and price.
type Row = (i64, String, Decimal);

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

/// The query of a page: the service is ready once the database answers.
pub(crate) const TRIAL: Trial = |connection| Box::pin(all(connection).map_ok(drop));
