//! `POST /buy/{id}`: sells one. The page's script gets JSON, a plain form a redirect to the page.

pub(crate) mod buyer;
mod outcome;

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use chassis::Forwarded;

use crate::app_state::AppState;
use crate::contract::{Buyer, Left, Level, Sale, SaleOutcome, UpstreamCall};
use crate::shop::Stock;
use crate::visit::wants_json;

pub(crate) async fn buy(
    State(app): State<Arc<AppState>>,
    Path(id): Path<String>,
    forwarded: Forwarded,
    headers: HeaderMap,
) -> Response {
    let mut sale = match id.parse() {
        Ok(id) => sell(&app, &forwarded, id).await,
        Err(_) => sale(SaleOutcome::NotFound, None, None), // stock-api need not be asked
    };
    if app.sign_in
        && let Some(buyer) = Buyer::of(&headers)
    {
        sale.message = format!("{} web's sidecar let you in as {buyer}.", sale.message);
        sale.buyer = Some(buyer);
    }
    if wants_json(&headers) {
        (sale.outcome.status(), Json(sale)).into_response()
    } else {
        Redirect::to(&format!("/?buy={}", sale.outcome)).into_response()
    }
}

/// Asks stock-api to sell one.
async fn sell(app: &AppState, forwarded: &Forwarded, id: i64) -> Sale {
    let path = format!("/stock/{id}/sales");
    let body = serde_json::json!({ "quantity": 1 });
    let begun = Instant::now();
    let answer = app.stock.post::<Stock>(&path, forwarded, &body).await;
    let (call, result) = UpstreamCall::of(answer, begun, app.mesh);
    let (outcome, stock) = match result {
        Ok(left) => (SaleOutcome::Sold, Some(left.stock)),
        Err(error) => {
            let outcome = SaleOutcome::of(&error, call.finding.as_ref());
            (outcome, (outcome == SaleOutcome::SoldOut).then_some(0))
        }
    };
    let product = stock.map(|stock| Left::new(id, stock));
    sale(outcome, product, Some(call))
}

/// What the customer is told of a sale, in words and as data.
fn sale(outcome: SaleOutcome, product: Option<Left>, call: Option<UpstreamCall>) -> Sale {
    let message = outcome.message();
    let message = match call.as_ref().and_then(|call| call.finding.as_ref()) {
        Some(finding) => format!("{message} {}: {}", finding.title, finding.text),
        None => message.to_owned(),
    };
    Sale {
        outcome,
        message,
        product,
        call,
        buyer: None,
        trace_id: chassis::trace_id(),
    }
}

impl Left {
    fn new(id: i64, stock: i64) -> Self {
        let level = Level::of(Some(stock));
        Self {
            id,
            stock,
            availability: level.words().to_owned(),
            level,
            can_buy: level.can_buy(),
        }
    }
}
