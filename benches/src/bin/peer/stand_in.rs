//! Servers: those that our services call, which answer at once and always the same, and those with
//! which ours are compared.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use benches::bare::serve;
use chassis::{CACHE_STATUS, POD, SERVER_TIMING, VERSION};

use crate::wait;

/// Takes all that is sent to it. A body that nobody reads would end the connection, and spans be lost.
pub(crate) fn collector() -> Router {
    Router::new().fallback(|_: Bytes| async {})
}

/// Sells products 1 to `number`.
pub(crate) fn products(number: usize) -> Router {
    let product = |id| format!(r#"{{"id":{id},"name":"Widget {id}","price":30.00}}"#);
    let products: Vec<String> = (1..=number).map(product).collect();
    let products = Bytes::from(format!("[{}]", products.join(",")));
    Router::new().route("/products", get(async move || (HEADERS, products)))
}

/// Has plenty of each product.
pub(crate) fn stock() -> Router {
    let hit = [(CACHE_STATUS, "stock-api; hit")];
    let answer = async move |Path(id): Path<i64>| {
        let stock = format!(r#"{{"id":{id},"stock":600}}"#);
        (HEADERS, hit, stock)
    };
    Router::new().route("/stock/{id}", get(answer))
}

/// What an API says of itself.
const HEADERS: [(HeaderName, &str); 4] = [
    (CONTENT_TYPE, "application/json"),
    (VERSION, "v1"),
    (POD, "localhost"),
    (SERVER_TIMING, "app;dur=0.01"),
];

/// Prints where it listens, and serves `router` until standard input ends.
pub(crate) fn run(router: impl Future<Output = Router>) {
    let address = serve(router);
    chassis::say!("{address}").unwrap();
    wait();
}
