//! What the page shows, asked from both APIs; also `GET /api/shop`.

mod availability;
mod call;
mod delivery;
pub(crate) mod server_timing;

use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use chassis::{CallError, Forwarded};
use futures_util::stream::{self, StreamExt};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::app_state::AppState;
use crate::contract::{Closed, Content, Finding, Level, Product, UpstreamCall};
use crate::error::Error;
use crate::visit::Visit;
use server_timing::server_timing;

/// How many calls of stock-api a page makes at once: enough for the four products, and few enough
/// that a page with a thousand leaves connections for other visitors.
const CALLS_AT_ONCE: usize = 16;

/// A product as products-api describes it.
#[derive(Deserialize)]
struct Listed {
    id: i64,
    name: String,
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    price: Decimal,
}

/// What stock-api says of a product.
#[derive(Deserialize)]
pub(crate) struct Stock {
    pub(crate) stock: i64,
}

/// What is sold, and the calls that found it out.
pub(crate) struct Shop {
    /// The call that asked what is sold.
    pub(crate) listing: UpstreamCall,
    /// `None` when products-api did not say.
    pub(crate) rows: Option<Vec<Row>>,
    /// The call that asked when there will be more of what is sold out, if one was made.
    pub(crate) supplier: Option<UpstreamCall>,
}

/// A page that is being made.
struct Page<'a> {
    app: &'a AppState,
    /// The headers that its calls carry on.
    forwarded: &'a Forwarded,
    begun: Instant,
    /// Whether a call of stock-api has passed its deadline.
    is_silent: AtomicBool,
}

/// A line of the shop.
pub(crate) struct Row {
    pub(crate) product: Product,
    /// The call that asked how many are left, if one was made.
    call: Option<UpstreamCall>,
}

/// `GET /api/shop`: the page's content for its scripts, and for people with `curl`.
pub(crate) async fn show(
    State(app): State<Arc<AppState>>,
    forwarded: Forwarded,
    headers: HeaderMap,
) -> Response {
    let shop = Shop::ask(&app, &forwarded).await;
    let timing = server_timing(shop.calls());
    let content = shop.content(Visit::of(&app, &headers, &forwarded));
    (timing, content.map(Json)).into_response()
}

impl Shop {
    /// Asks what is sold, then how many are left of each product, and then, where there is a
    /// supplier, when there will be more of what is sold out, with the `forwarded` headers of the
    /// request that this is for. Without an answer of products-api there are no products; without
    /// one of stock-api a product's stock is unknown.
    pub(crate) async fn ask(app: &AppState, forwarded: &Forwarded) -> Self {
        let page = Page {
            app,
            forwarded,
            begun: Instant::now(),
            is_silent: AtomicBool::new(false),
        };
        let answer = app
            .products
            .get::<Vec<Listed>>("/products", forwarded)
            .await;
        let (listing, listed) = UpstreamCall::of(answer, page.begun, app.mesh);
        let Ok(listed) = listed else {
            return Self {
                listing,
                rows: None,
                supplier: None,
            };
        };
        let rows = listed.into_iter().map(|product| page.row(product));
        let rows = stream::iter(rows).buffered(CALLS_AT_ONCE);
        let mut rows: Vec<Row> = rows.collect().await;
        let supplier = page.ask_supplier(&mut rows).await;
        Self {
            listing,
            rows: Some(rows),
            supplier,
        }
    }

    /// All calls: those of stock-api in the order of the rows, the supplier's last.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &UpstreamCall> {
        let rows = self.rows.iter().flatten();
        let calls = rows.filter_map(|row| row.call.as_ref());
        iter::once(&self.listing).chain(calls).chain(&self.supplier)
    }

    /// How many products stock-api was not asked about, because it was too slow.
    pub(crate) fn unasked(&self) -> usize {
        let rows = self.rows.iter().flatten();
        rows.filter(|row| row.call.is_none()).count()
    }

    /// The shop as JSON shows it; an error when there are no products.
    fn content(self, visit: Visit) -> Result<Content, Error> {
        let listing = iter::once(self.listing);
        let Some(rows) = self.rows else {
            return Err(Error::NoProducts(Closed {
                trace_id: visit.trace_id,
                calls: listing.collect(),
            }));
        };
        let rows = rows.into_iter().map(|row| (row.product, row.call));
        let (products, calls): (_, Vec<_>) = rows.unzip();
        Ok(Content {
            products,
            calls: listing
                .chain(calls.into_iter().flatten())
                .chain(self.supplier)
                .collect(),
            trace_id: visit.trace_id,
            trace_url: visit.trace_url,
            request_id: visit.request_id,
            end_user: visit.end_user,
            headers: visit.headers,
        })
    }
}

impl Page<'_> {
    /// Asks how many are left of a product, unless the page has asked long enough.
    async fn row(&self, product: Listed) -> Row {
        if self.has_asked_enough() {
            return Row::new(product, None, None);
        }
        let path = format!("/stock/{}", product.id);
        let answer = self.app.stock.get::<Stock>(&path, self.forwarded).await;
        let (call, answer) = UpstreamCall::of(answer, self.begun, self.app.mesh);
        if matches!(answer, Err(CallError::Timeout)) {
            self.is_silent.store(true, Ordering::Relaxed);
        }
        let stock = answer.ok().map(|answer| answer.stock);
        Row::new(product, stock, Some(call))
    }

    /// Whether stock-api is silent, or the page has taken as long as two calls may: so a page takes
    /// three times a call's deadline at most, however many products there are. Those that it has not
    /// asked about by then are unknown.
    ///
    /// Up to sixteen calls are under way when the first one passes its deadline. They began together,
    /// and end together; only later calls are not made.
    fn has_asked_enough(&self) -> bool {
        let is_silent = self.is_silent.load(Ordering::Relaxed);
        is_silent || self.begun.elapsed() >= 2 * self.app.stock.timeout()
    }
}

impl Row {
    /// What went wrong with the call.
    pub(crate) fn finding(&self) -> Option<&Finding> {
        self.call.as_ref()?.finding.as_ref()
    }

    fn new(product: Listed, stock: Option<i64>, call: Option<UpstreamCall>) -> Self {
        let level = Level::of(stock);
        let product = Product {
            id: product.id,
            name: product.name,
            price: product.price,
            stock,
            availability: level.words().to_owned(),
            level,
            can_buy: level.can_buy(),
            delivery: None,
        };
        Self { product, call }
    }
}
