//! The calls of a page, without the page: what is sold and how many are left, as JSON.

use std::net::SocketAddr;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use futures_util::StreamExt;
use futures_util::stream;
use reqwest::Client;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// As many calls at once as the service makes.
const CALLS_AT_ONCE: usize = 16;

#[derive(Clone)]
struct Upstreams {
    http: Client,
    products: SocketAddr,
    stock: SocketAddr,
}

#[derive(Deserialize)]
struct Product {
    id: i64,
    name: String,
    price: f64,
}

#[derive(Deserialize)]
struct Stock {
    stock: i64,
}

#[derive(Serialize)]
struct Row {
    name: String,
    price: f64,
    stock: i64,
}

/// The route, which asks the two APIs.
pub fn router(products: SocketAddr, stock: SocketAddr) -> Router {
    let http = Client::builder().no_proxy().build().unwrap();
    Router::new().route("/", get(show)).with_state(Upstreams {
        http,
        products,
        stock,
    })
}

async fn show(State(upstreams): State<Upstreams>) -> Json<Vec<Row>> {
    let products = format!("http://{}/products", upstreams.products);
    let products: Vec<Product> = upstreams.get(products).await;
    let rows = stream::iter(products).map(|product| upstreams.row(product));
    Json(rows.buffered(CALLS_AT_ONCE).collect().await)
}

impl Upstreams {
    async fn row(&self, product: Product) -> Row {
        let stock = format!("http://{}/stock/{}", self.stock, product.id);
        let Stock { stock } = self.get(stock).await;
        Row {
            name: product.name,
            price: product.price,
            stock,
        }
    }

    async fn get<T: DeserializeOwned>(&self, url: String) -> T {
        let answer = self.http.get(url).send().await.unwrap();
        answer.json().await.unwrap()
    }
}
