//! What the page shows, asked from both APIs; also `GET /api/shop`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use chassis::{CallError, Forwarded, Problem};
use futures_util::stream::{self, StreamExt};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Storefront;
use crate::availability::Availability;
use crate::visitor::Visitor;
use crate::xray::{Hop, XRay};

/// How many calls of stock-api a page makes at once: four products are asked for together, and a
/// thousand do not use up what both services have for all visitors.
const CALLS_AT_ONCE: usize = 16;

/// A product as products-api describes it.
#[derive(Deserialize)]
struct Product {
    id: i64,
    name: String,
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    price: Decimal,
}

#[derive(Deserialize)]
pub(crate) struct Stock {
    pub(crate) stock: i64,
}

/// A line of the shop.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) name: String,
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    pub(crate) price: Decimal,
    /// `null` when stock-api did not say.
    pub(crate) stock: Option<i64>,
    #[serde(flatten)]
    pub(crate) availability: Availability,
}

/// What is sold, or only the X-ray of why nobody said.
pub(crate) struct Shop {
    pub(crate) products: Option<Vec<Row>>,
    pub(crate) xray: XRay,
}

/// The page's content, as `GET /api/shop` answers it.
#[derive(Serialize)]
struct Content {
    products: Vec<Row>,
    #[serde(flatten)]
    xray: XRay,
}

/// What the answer without products tells beside the problem.
#[derive(Serialize)]
struct Closed {
    trace_id: Option<String>,
    calls: Vec<Hop>,
}

impl Shop {
    /// Asks for a visitor, of whom `headers` arrived, what is sold, then how many are left of each.
    /// Without an answer of products-api there are no products; one of stock-api that
    /// is missing is shown as unknown.
    pub(crate) async fn ask(
        storefront: &Storefront,
        headers: &HeaderMap,
        forwarded: &Forwarded,
    ) -> Self {
        let page = Instant::now();
        let answer = storefront
            .products
            .get::<Vec<Product>>("/products", forwarded)
            .await;
        let (hop, products) = Hop::of(answer, page);
        let mut calls = vec![hop];
        let products = match products {
            Ok(products) => {
                let is_silent = AtomicBool::new(false);
                let rows = products
                    .into_iter()
                    .map(|product| Row::ask(storefront, forwarded, product, page, &is_silent));
                let rows = stream::iter(rows).buffered(CALLS_AT_ONCE);
                let (rows, hops): (Vec<Row>, Vec<Option<Hop>>) = rows.unzip().await;
                calls.extend(hops.into_iter().flatten());
                Some(rows)
            }
            Err(_) => None,
        };
        Self {
            products,
            xray: XRay::of(
                storefront,
                Visitor::of(headers, forwarded),
                forwarded,
                calls,
            ),
        }
    }
}

impl Row {
    /// Asks how many are left of `product`, unless stock-api has let a call of this page pass its
    /// deadline: a page waits for that once, however many products there are.
    async fn ask(
        storefront: &Storefront,
        forwarded: &Forwarded,
        product: Product,
        page: Instant,
        is_silent: &AtomicBool,
    ) -> (Self, Option<Hop>) {
        let (hop, stock) = if is_silent.load(Ordering::Relaxed) {
            (None, None)
        } else {
            let path = format!("/stock/{}", product.id);
            let (hop, answer) =
                Hop::of(storefront.stock.get::<Stock>(&path, forwarded).await, page);
            if matches!(answer, Err(CallError::Timeout)) {
                is_silent.store(true, Ordering::Relaxed);
            }
            (Some(hop), answer.ok().map(|answer| answer.stock))
        };
        let row = Self {
            id: product.id,
            name: product.name,
            price: product.price,
            stock,
            availability: Availability::of(stock),
        };
        (row, hop)
    }
}

/// `GET /api/shop`: the page's content for its scripts, and for people with `curl`.
pub(crate) async fn show(
    State(storefront): State<Storefront>,
    headers: HeaderMap,
    forwarded: Forwarded,
) -> Response {
    let Shop { products, xray } = Shop::ask(&storefront, &headers, &forwarded).await;
    let timing = xray.server_timing();
    if let Some(products) = products {
        return (timing, Json(Content { products, xray })).into_response();
    }
    let problem = Problem::unavailable("products-api did not say what is sold.");
    let XRay {
        trace_id, calls, ..
    } = xray;
    let members = Closed { trace_id, calls };
    (timing, problem.with(members)).into_response()
}
