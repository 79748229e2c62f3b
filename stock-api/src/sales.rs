//! `POST /stock/{id}/sales`: sells some of a product.

use axum::extract::State;
use chassis::{Json, Path, Statement, Trial};
use futures_util::TryFutureExt;
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::app_state::AppState;
use crate::change::run_to_end;
use crate::error::{Error, SaleErrors};
use crate::quantity::Quantity;
use crate::stock::{self, Stock};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sale {
    #[schema(value_type = i64, minimum = 1)]
    quantity: Quantity<1>,
}

/// Sells some, if that many are left.
#[utoipa::path(post, path = "/stock/{id}/sales", params(("id" = i64, Path, example = 1)), request_body = Sale, responses(
    (status = 200, description = "Sold; this many are left", body = Stock),
    SaleErrors,
))]
pub(crate) async fn sell(
    State(app): State<AppState>,
    Path(id): Path<i64>,
    Json(sale): Json<Sale>,
) -> Result<axum::Json<Stock>, Error> {
    let wanted = sale.quantity.0;
    let AppState { database, sold, .. } = app.clone();
    let update = async move {
        let left = database.write("UPDATE products", |connection| take(connection, id, wanted));
        if let Some(left) = left.await.map_err(Error::Change)? {
            sold.inc_by(wanted.unsigned_abs());
            return Ok(left);
        }
        // Nothing was taken, and the statement does not say why. The answer says how many are left
        // now; if they are enough again, the caller may try once more.
        let left = stock::left(&database, id).await.map_err(Error::Change)?;
        let left = left.ok_or(Error::NoProduct(id))?;
        Err(Error::TooFew { wanted, left })
    };
    let stock = run_to_end(update, app.cache, id).await?;
    Ok(axum::Json(Stock { id, stock }))
}

/// Takes `quantity` widgets from the stock. Returns how many are left, or `None` when there are too
/// few, or no such product.
///
/// One statement, so that no two buyers get the last widget: PostgreSQL locks the row, and a
/// statement that had to wait for the lock checks the stock again. (Separate statements to read,
/// compare and write would need a transaction, and a lock or another try.)
fn take(connection: &mut PgConnection, id: i64, quantity: i64) -> Statement<'_, Option<i64>> {
    let query = "UPDATE public.products SET stock = stock - $2 WHERE id = $1 AND stock >= $2 RETURNING stock::bigint";
    let query = sqlx::query_scalar(query).bind(id).bind(quantity);
    Box::pin(query.fetch_optional(connection))
}

/// A sale of a product that nobody can have: the service is ready once the database answers.
pub(crate) const TRIAL: Trial = |connection| Box::pin(take(connection, i64::MIN, 1).map_ok(drop));
