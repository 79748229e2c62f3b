//! `GET /`: the shop's page, and the page that is shown instead when there is none.

mod bar;
pub(crate) mod buyer_page;
pub(crate) mod error_page;
mod frame;
mod xray;

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::Forwarded;
use serde::Deserialize;

use crate::app_state::AppState;
use crate::contract::{Finding, SaleOutcome};
use crate::origin;
use crate::shop::server_timing::server_timing;
use crate::shop::{Row, Shop};
use crate::visit::Visit;
use frame::{Frame, render};
use xray::XRay;

#[derive(Template)]
#[template(path = "shop.html")]
struct ShopPage<'a> {
    frame: Frame<'a>,
    /// The outcome of the Buy that led to this page.
    notice: Option<SaleOutcome>,
    /// The version of products-api that answered.
    version: Option<&'a str>,
    rows: &'a [Row],
    stock_known: bool,
    /// Why nobody says when there will be more of what is sold out.
    no_delivery: Option<&'a Finding>,
    sign_in: bool,
    xray: XRay<'a>,
}

/// Shown instead of the shop's page when products-api did not answer.
#[derive(Template)]
#[template(path = "closed.html")]
struct ClosedPage<'a> {
    frame: Frame<'a>,
    xray: XRay<'a>,
}

/// The result of a Buy without scripts, which ends in a redirect to the page.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    buy: Option<SaleOutcome>,
}

pub(crate) async fn show(
    State(app): State<Arc<AppState>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    forwarded: Forwarded,
    request: Request,
) -> Response {
    let shop = Shop::ask(&app, &forwarded).await;
    let visit = Visit::of(&app, request.headers(), &forwarded);
    let (frame, xray) = (Frame::of(&app), XRay::of(&shop, &visit, app.mesh));
    let timing = server_timing(shop.calls());
    let Some(rows) = &shop.rows else {
        let page = render(&ClosedPage { frame, xray });
        return (StatusCode::SERVICE_UNAVAILABLE, timing, page).into_response();
    };
    let bought = parameters.ok().and_then(|Query(parameters)| parameters.buy);
    let page = render(&ShopPage {
        frame,
        // A link on another site could claim any outcome.
        notice: bought.filter(|_| origin::is_ours(&request)),
        version: shop.listing.version.as_deref(),
        rows,
        stock_known: rows.iter().all(|row| row.product.stock.is_some()),
        no_delivery: shop
            .supplier
            .as_ref()
            .and_then(|call| call.finding.as_ref()),
        sign_in: app.sign_in,
        xray,
    });
    (timing, page).into_response()
}
