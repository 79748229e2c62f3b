//! What a customer sees when an API is slow, refuses or is gone.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{Shop, text};

/// Stands where a service should be and answers everything alike, as a proxy in front of it does.
async fn proxy(status: StatusCode, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = any(async move || (status, body));
    let router = Router::new().fallback_service(answer.with_state(()));
    tokio::spawn(async { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn page_shows_availability_unknown_without_stock_api() {
    let shop = Shop::start(&[]).await;
    shop.stock.task.abort();
    while shop.http.get(&shop.stock.url).send().await.is_ok() {}
    let response = shop.get("/").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let page = text(response).await;
    assert_eq!(page.matches(">unknown<").count(), 4, "{page}");
    assert!(page.contains("$30.00") && page.contains(r#"action="/buy/4""#));
}

#[tokio::test]
async fn page_says_so_without_products_api() {
    let shop = Shop::start(&[]).await;
    shop.products.task.abort();
    while shop.http.get(&shop.products.url).send().await.is_ok() {}
    let response = shop.get("/").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = text(response).await;
    assert!(page.contains("The shelves are empty for a moment") && page.contains("Try again"));
    let response = shop.get("/api/shop").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
}

#[tokio::test]
async fn slow_stock_is_unknown_after_the_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("--stock-api-url=http://{}", silent.local_addr().unwrap());
    let shop = Shop::start(&[&url, "--upstream-timeout=1"]).await;
    assert_eq!(shop.page().await.matches(">unknown<").count(), 4);
}

#[tokio::test]
async fn refused_sale_is_said_in_plain_words() {
    let url = proxy(StatusCode::FORBIDDEN, "RBAC: access denied").await;
    let shop = Shop::start(&[&format!("--stock-api-url={url}")]).await;
    let request = shop.post("/buy/1").header("accept", "application/json");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["outcome"], "refused");
    assert_eq!(
        answer["message"],
        "Refused by a policy of the mesh (403). Nothing was sold."
    );
}

#[tokio::test]
async fn failed_sale_is_said_in_plain_words() {
    let url = proxy(StatusCode::SERVICE_UNAVAILABLE, "fault filter abort").await;
    let shop = Shop::start(&[&format!("--stock-api-url={url}")]).await;
    let response = shop.post("/buy/1").send().await.unwrap();
    assert_eq!(response.headers()["location"], "/?buy=failed");
    let page = text(shop.get("/?buy=failed").send().await.unwrap()).await;
    assert!(page.contains("The stock service did not answer."));
    assert!(!page.contains("fault filter"));
}
