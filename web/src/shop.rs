//! What the page shows, asked from both APIs; also `GET /api/shop`.

use axum::Json;
use axum::extract::State;
use chassis::{Call, CallError, Problem};
use futures_util::future::join_all;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Storefront;
use crate::availability::Availability;

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

#[derive(Serialize)]
pub(crate) struct Shop {
    pub(crate) products: Vec<Row>,
    /// The calls that it took, in the order of the rows.
    calls: Vec<Call>,
    trace_id: Option<String>,
}

impl Shop {
    /// Asks what is sold, then how many are left of each, all at once.
    ///
    /// # Errors
    /// When products-api gives no answer; one of stock-api that is missing is shown as unknown.
    pub(crate) async fn ask(storefront: &Storefront) -> Result<Self, CallError> {
        let answer = storefront.products.get("/products").await;
        let products: Vec<Product> = answer.result?;
        let rows = join_all(
            products
                .into_iter()
                .map(|product| Row::ask(storefront, product)),
        );
        let (products, stock_calls): (Vec<Row>, Vec<Call>) = rows.await.into_iter().unzip();
        Ok(Self {
            products,
            calls: [vec![answer.call], stock_calls].concat(),
            trace_id: chassis::trace_id(),
        })
    }
}

impl Row {
    /// Asks how many are left of `product`.
    async fn ask(storefront: &Storefront, product: Product) -> (Self, Call) {
        let path = format!("/stock/{}", product.id);
        let answer = storefront.stock.get::<Stock>(&path).await;
        let stock = answer.result.ok().map(|answer| answer.stock);
        let row = Self {
            id: product.id,
            name: product.name,
            price: product.price,
            stock,
            availability: Availability::of(stock),
        };
        (row, answer.call)
    }
}

/// `GET /api/shop`: the page's content for its scripts.
pub(crate) async fn show(State(storefront): State<Storefront>) -> Result<Json<Shop>, Problem> {
    let shop = Shop::ask(&storefront).await;
    shop.map(Json)
        .map_err(|_| Problem::unavailable("products-api did not say what is sold."))
}
