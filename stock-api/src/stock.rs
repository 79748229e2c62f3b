//! `GET` and `PUT /stock/{id}`: how many of a product are left.

use axum::extract::State;
use axum::http::HeaderName;
use chassis::{CACHE_STATUS, Database, DatabaseError, Json, Path, Statement, Trial};
use futures_util::TryFutureExt;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::app_state::AppState;
use crate::cache::StockLevel;
use crate::change::run_to_end;
use crate::error::{ChangeErrors, Error, ReadErrors};
use crate::quantity::Quantity;

/// How many of a product are left.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stock {
    pub(crate) id: i64,
    #[schema(minimum = 0)]
    pub(crate) stock: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewStock {
    #[schema(value_type = i64, minimum = 0)]
    stock: Quantity<0>,
}

/// See <https://www.rfc-editor.org/rfc/rfc9211>.
const HIT: &str = "stock-api; hit";
const MISS: &str = "stock-api; fwd=miss";

/// What is left, as of at most `CACHE_EXPIRY_SECONDS` ago.
#[utoipa::path(get, path = "/stock/{id}", params(("id" = i64, Path, example = 1)), responses(
    (status = 200, description = "What is left", body = Stock),
    ReadErrors,
))]
pub(crate) async fn show(
    State(app): State<AppState>,
    Path(id): Path<i64>,
) -> Result<([(HeaderName, &'static str); 1], axum::Json<Stock>), Error> {
    let query = async {
        let stock = left(&app.database, id).await.map_err(Error::Read)?;
        stock.ok_or(Error::NoProduct(id))
    };
    let StockLevel { stock, is_cached } = app.cache.level(id, query).await?;
    chassis::cached(is_cached);
    let status = if is_cached { HIT } else { MISS };
    Ok(([(CACHE_STATUS, status)], axum::Json(Stock { id, stock })))
}

/// Sets what is left.
#[utoipa::path(put, path = "/stock/{id}", params(("id" = i64, Path, example = 1)), request_body = NewStock, responses(
    (status = 200, description = "What is left", body = Stock),
    ChangeErrors,
))]
pub(crate) async fn replace(
    State(app): State<AppState>,
    Path(id): Path<i64>,
    Json(new): Json<NewStock>,
) -> Result<axum::Json<Stock>, Error> {
    let database = app.database.clone();
    let update = async move {
        let stock = database.write("UPDATE products", |connection| {
            set(connection, id, new.stock.0)
        });
        stock
            .await
            .map_err(Error::Change)?
            .ok_or(Error::NoProduct(id))
    };
    let stock = run_to_end(update, app.cache, id).await?;
    Ok(axum::Json(Stock { id, stock }))
}

/// How many are left according to the database; `None` when there is no such product.
pub(crate) async fn left(database: &Database, id: i64) -> Result<Option<i64>, DatabaseError> {
    let read = database.read("SELECT products", |connection| get(connection, id));
    read.await
}

fn get(connection: &mut PgConnection, id: i64) -> Statement<'_, Option<i64>> {
    let query = "SELECT stock::bigint FROM public.products WHERE id = $1";
    let query = sqlx::query_scalar(query).bind(id);
    Box::pin(query.fetch_optional(connection))
}

fn set(connection: &mut PgConnection, id: i64, stock: i64) -> Statement<'_, Option<i64>> {
    let query = "UPDATE public.products SET stock = $2 WHERE id = $1 RETURNING stock::bigint";
    let query = sqlx::query_scalar(query).bind(id).bind(stock);
    Box::pin(query.fetch_optional(connection))
}

/// The query of a page, for a product that nobody can have: the service is ready once the database
/// answers.
pub(crate) const TRIAL: Trial = |connection| Box::pin(get(connection, i64::MIN).map_ok(drop));
