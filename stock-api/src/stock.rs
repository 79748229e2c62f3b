//! `GET` and `PUT /stock/{id}`, `POST /stock/{id}/sales`.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::routing::get;
use chassis::{CACHE_STATUS, Database, DatabaseError, Json, Path, Problem, Statement, Trial};
use futures_util::TryFutureExt;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use tracing::Instrument;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Warehouse;
use crate::quantity::Quantity;

/// How many of a product are left.
#[derive(Serialize, ToSchema)]
struct Stock {
    id: i64,
    #[schema(minimum = 0)]
    stock: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewStock {
    #[schema(value_type = i64, minimum = 0)]
    stock: Quantity<0>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Sale {
    #[schema(value_type = i64, minimum = 1)]
    quantity: Quantity<1>,
}

#[derive(OpenApi)]
#[openapi(info(
    title = "stock-api",
    description = "How many of each product are left, and selling them."
))]
struct Document;

/// The service's routes, `/openapi.json` among them.
pub fn router(warehouse: Warehouse) -> Router {
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(show, replace))
        .routes(routes!(sell))
        .with_state(warehouse)
        .split_for_parts();
    router.route("/openapi.json", get(async || axum::Json(document)))
}

/// See <https://www.rfc-editor.org/rfc/rfc9211>.
const HIT: &str = "stock-api; hit";
const MISS: &str = "stock-api; fwd=miss";

/// Why a level could not be read.
enum ReadError {
    Unknown,
    Database(DatabaseError),
}

/// What is left, as of at most `CACHE_EXPIRY_SECONDS` ago.
#[utoipa::path(get, path = "/stock/{id}", params(("id" = i64, Path, example = 1)), responses(
    (status = 200, description = "What is left", body = Stock),
    (status = 400, description = "The id is no whole number", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such product", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The database did not answer in time", body = Problem, content_type = "application/problem+json"),
))]
async fn show(
    State(warehouse): State<Warehouse>,
    Path(id): Path<i64>,
) -> Result<([(HeaderName, &'static str); 1], axum::Json<Stock>), Problem> {
    if let Some(stock) = warehouse.cache.cached(id).await {
        chassis::cached(true);
        return Ok(([(CACHE_STATUS, HIT)], axum::Json(Stock { id, stock })));
    }
    let query = async {
        let level = level(&warehouse.database, id).await;
        level
            .map_err(ReadError::Database)?
            .ok_or(ReadError::Unknown)
    };
    let level = warehouse.cache.level(id, query).await;
    let stock = level.map_err(|error| match &*error {
        ReadError::Unknown => unknown(id),
        ReadError::Database(error) => error.into(),
    })?;
    chassis::cached(false);
    Ok(([(CACHE_STATUS, MISS)], axum::Json(Stock { id, stock })))
}

/// Sets what is left.
#[utoipa::path(put, path = "/stock/{id}", params(("id" = i64, Path, example = 1)), request_body = NewStock, responses(
    (status = 200, description = "What is left", body = Stock),
    (status = "4XX", description = "Nothing was changed", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The database did not answer in time; nothing was changed", body = Problem, content_type = "application/problem+json"),
    (status = 504, description = "The database did not say whether it made the change", body = Problem, content_type = "application/problem+json"),
))]
async fn replace(
    State(warehouse): State<Warehouse>,
    Path(id): Path<i64>,
    Json(new): Json<NewStock>,
) -> Result<axum::Json<Stock>, Problem> {
    let database = warehouse.database.clone();
    let update = async move {
        let update = database.write("UPDATE products", |connection| {
            set(connection, id, new.stock.0)
        });
        update.await
    };
    let level: Option<i64> = to_its_end(&warehouse, id, update).await?;
    let stock = level.ok_or_else(|| unknown(id))?;
    Ok(axum::Json(Stock { id, stock }))
}

/// Sells some, if that many are left.
#[utoipa::path(post, path = "/stock/{id}/sales", params(("id" = i64, Path, example = 1)), request_body = Sale, responses(
    (status = 200, description = "Sold; this many are left", body = Stock),
    (status = 409, description = "Fewer are left; none was sold", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Nothing was changed", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The database did not answer in time; nothing was changed", body = Problem, content_type = "application/problem+json"),
    (status = 504, description = "The database did not say whether it made the change", body = Problem, content_type = "application/problem+json"),
))]
async fn sell(
    State(warehouse): State<Warehouse>,
    Path(id): Path<i64>,
    Json(sale): Json<Sale>,
) -> Result<axum::Json<Stock>, Problem> {
    let quantity = sale.quantity.0;
    let Warehouse { database, sold, .. } = warehouse.clone();
    let update = async move {
        let taken = database.write("UPDATE products", |connection| {
            take(connection, id, quantity)
        });
        if let Some(left) = taken.await? {
            sold.inc_by(quantity.unsigned_abs());
            return Ok(Outcome::Sold { left });
        }
        let left = level(&database, id).await?;
        Ok(left.map_or(Outcome::Unknown, |left| Outcome::TooFew { left }))
    };
    match to_its_end(&warehouse, id, update).await? {
        Outcome::Sold { left } => Ok(axum::Json(Stock { id, stock: left })),
        Outcome::TooFew { left } => {
            let detail = format!("{quantity} wanted, {left} left; none was sold.");
            Err(Problem::new(StatusCode::CONFLICT, detail))
        }
        Outcome::Unknown => Err(unknown(id)),
    }
}

enum Outcome {
    Sold { left: i64 },
    TooFew { left: i64 },
    Unknown,
}

/// How many are left, according to the database.
async fn level(database: &Database, id: i64) -> Result<Option<i64>, DatabaseError> {
    let read = database.read("SELECT products", |connection| left(connection, id));
    read.await
}

/// What a page asks of the database, here of a product that nobody can have.
pub(crate) const TRIALS: [Trial; 2] = [
    |connection| Box::pin(left(connection, i64::MIN).map_ok(drop)),
    |connection| Box::pin(take(connection, i64::MIN, 1).map_ok(drop)),
];

fn left(connection: &mut PgConnection, id: i64) -> Statement<'_, Option<i64>> {
    let query = "SELECT stock::bigint FROM public.products WHERE id = $1";
    Box::pin(
        sqlx::query_scalar(query)
            .bind(id)
            .fetch_optional(connection),
    )
}

fn set(connection: &mut PgConnection, id: i64, stock: i64) -> Statement<'_, Option<i64>> {
    let query = "UPDATE public.products SET stock = $2 WHERE id = $1 RETURNING stock::bigint";
    let query = sqlx::query_scalar(query).bind(id).bind(stock);
    Box::pin(query.fetch_optional(connection))
}

/// One statement, so that no two buyers get the last widget.
fn take(connection: &mut PgConnection, id: i64, quantity: i64) -> Statement<'_, Option<i64>> {
    let query = "UPDATE public.products SET stock = stock - $2 WHERE id = $1 AND stock >= $2 RETURNING stock::bigint";
    let query = sqlx::query_scalar(query).bind(id).bind(quantity);
    Box::pin(query.fetch_optional(connection))
}

/// Runs a change of product `id` to its end, even when its caller hangs up, and has the cache
/// forget what was before.
async fn to_its_end<T: Send + 'static>(
    warehouse: &Warehouse,
    id: i64,
    change: impl Future<Output = Result<T, DatabaseError>> + Send + 'static,
) -> Result<T, Problem> {
    let cache = warehouse.cache.clone();
    let change = async move {
        let result = change.await;
        cache.forget(id);
        result
    };
    match tokio::spawn(change.in_current_span()).await {
        Ok(result) => result.map_err(|error| {
            let problem = Problem::from(&error);
            if error.changed_nothing() {
                problem.unchanged()
            } else {
                problem
            }
        }),
        Err(panicked) => {
            tracing::error!("a write panicked: {panicked}");
            Err(Problem::internal())
        }
    }
}

fn unknown(id: i64) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("There is no product {id}."))
}
