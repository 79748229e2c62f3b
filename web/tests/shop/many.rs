//! More products than the four: one call for each, but not all at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{Shop, stand_in, text};

const PRODUCTS: usize = 1200;

/// products-api's place, with that many products.
async fn serve_products(count: usize, name: &str) -> String {
    let product = |id| json!({ "id": id, "name": name, "price": 1 });
    let list = Json((0..count).map(product).collect::<Vec<_>>());
    stand_in(Router::new().route("/products", get(async || list))).await
}

/// A shop that sells that many products, and the most calls of stock-api that were under way at once.
async fn shop(products: usize, name: &str) -> (Shop, Arc<AtomicUsize>) {
    let products = serve_products(products, name).await;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let peak = Arc::clone(&most);
    let stock = get(async move |Path(id): Path<i64>| {
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        now.fetch_sub(1, Ordering::SeqCst);
        Json(json!({ "id": id, "stock": id }))
    });
    let stock = stand_in(Router::new().route("/stock/{id}", stock)).await;
    let urls = [
        format!("--products-api-url={products}"),
        format!("--stock-api-url={stock}"),
    ];
    let shop = Shop::start(&urls.each_ref().map(String::as_str)).await;
    (shop, peak)
}

#[tokio::test]
async fn stock_of_each_of_many_products_is_known_in_their_order() {
    let (shop, peak) = shop(PRODUCTS, "Widget").await;
    let content = shop.content().await;
    let stock = content["products"].as_array().unwrap().iter();
    let stock: Vec<_> = stock.map(|product| product["stock"].as_u64()).collect();
    assert_eq!(stock, (0..PRODUCTS as u64).map(Some).collect::<Vec<_>>());
    let peak = peak.load(Ordering::SeqCst);
    assert!((1..=16).contains(&peak), "{peak}");
}

#[tokio::test]
async fn page_lists_all_products_and_the_first_hundred_calls() {
    let (shop, _) = shop(PRODUCTS, "Widget").await;
    let response = shop.get("/").send().await.unwrap();
    let timing = response.headers()["server-timing"].len();
    assert!(timing < 4096, "{timing}");
    let page = text(response).await;
    assert_eq!(page.matches("<tr data-id=").count(), PRODUCTS);
    assert_eq!(page.matches("<code>GET /stock/").count(), 99);
    assert!(page.contains("1101 more calls are not listed"), "{page}");
}

#[tokio::test]
async fn list_of_products_may_be_longer_than_a_mebibyte() {
    let (shop, _) = shop(20, &"W".repeat(100_000)).await;
    let response = shop.get("/api/shop").send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn page_stops_asking_a_slow_stock_in_time_to_be_answered() {
    let products = serve_products(400, "Widget").await;
    let slow = get(async |Path(id): Path<i64>| {
        tokio::time::sleep(Duration::from_millis(100)).await; // 2.5 s for all, sixteen at once
        Json(json!({ "id": id, "stock": 1 }))
    });
    let stock = stand_in(Router::new().route("/stock/{id}", slow)).await;
    let arguments = [
        format!("--products-api-url={products}"),
        format!("--stock-api-url={stock}"),
        "--upstream-timeout=0.5".to_owned(),
    ];
    let shop = Shop::start(&arguments.each_ref().map(String::as_str)).await;
    let page = shop.page().await;
    let unknown = page.matches("<span>unknown</span>").count();
    assert!((1..400).contains(&unknown), "{unknown}");
    let told =
        format!("stock-api was not asked about {unknown} products, because it was too slow.");
    assert!(page.contains(&told), "{page}");
}

#[tokio::test]
async fn page_shows_products_that_a_silent_stock_was_not_asked_about() {
    let products = serve_products(40, "Widget").await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stock = silent.local_addr().unwrap();
    let arguments = [
        format!("--products-api-url={products}"),
        format!("--stock-api-url=http://{stock}"),
        "--upstream-timeout=0.2".to_owned(),
    ];
    let shop = Shop::start(&arguments.each_ref().map(String::as_str)).await;
    let page = shop.page().await;
    assert_eq!(page.matches("<span>unknown</span>").count(), 40, "{page}");
    let told = page.matches("<small>No answer from stock-api in time</small>");
    assert_eq!(told.count(), 16);
}
