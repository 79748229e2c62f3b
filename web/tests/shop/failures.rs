//! What a customer sees when an API is slow, refuses or is gone.

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::any;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::{Shop, json, stand_in, text};

/// Stands where an API should be and answers everything alike, as a proxy in front of it does.
async fn proxy(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> String {
    let answer = any(async move || answer.clone());
    stand_in(Router::new().fallback_service(answer.with_state(()))).await
}

#[tokio::test]
async fn page_shows_availability_unknown_without_stock_api() {
    let shop = Shop::start(&[]).await;
    shop.stock.abort().await;
    let response = shop.get("/").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let page = text(response).await;
    assert_eq!(page.matches("<span>unknown</span>").count(), 4, "{page}");
    assert!(page.contains("$30.00") && page.contains(r#"action="/buy/4""#));
}

#[tokio::test]
async fn page_says_so_without_products_api() {
    let shop = Shop::start(&[]).await;
    shop.products.abort().await;
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
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], 503);
    assert_eq!(problem["calls"][0]["finding"]["cause"], "unreachable");
}

#[tokio::test]
async fn sale_without_an_answer_in_time_may_be_sold_or_not() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("--stock-api-url=http://{}", silent.local_addr().unwrap());
    let shop = Shop::start(&[&url, "--upstream-timeout=1"]).await;
    let request = shop.post("/buy/1").header("accept", "application/json");
    let answer = json(request).await;
    assert_eq!(answer["outcome"], "unknown");
}

#[tokio::test]
async fn slow_stock_is_unknown_after_the_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("--stock-api-url=http://{}", silent.local_addr().unwrap());
    let shop = Shop::start(&[&url, "--upstream-timeout=1"]).await;
    assert_eq!(shop.page().await.matches("<span>unknown</span>").count(), 4);
}

#[tokio::test]
async fn sale_whose_connection_breaks_may_be_sold_or_not() {
    let breaking = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("--stock-api-url=http://{}", breaking.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = breaking.accept().await.unwrap();
            let _request = stream.read(&mut [0; 1024]).await; // and it ends
        }
    });
    let shop = Shop::start(&[&url]).await;
    let request = shop.post("/buy/1").header("accept", "application/json");
    let answer = json(request).await;
    assert_eq!(answer["outcome"], "unknown");
    assert_eq!(answer["call"]["finding"]["cause"], "reset");
}

#[tokio::test]
async fn refused_sale_is_said_in_plain_words() {
    let url = proxy((StatusCode::FORBIDDEN, "RBAC: access denied")).await;
    let shop = Shop::start(&[&format!("--stock-api-url={url}")]).await;
    let request = shop.post("/buy/1").header("accept", "application/json");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["outcome"], "refused");
    let message = answer["message"].as_str().unwrap();
    let beginning = "A policy of the mesh refused it (403): nothing was sold.";
    assert!(message.starts_with(beginning), "{message}");
    let opens = "`istio/demo3/authz/allow-buy.yaml` opens it.";
    assert!(message.ends_with(opens), "{message}");
}

#[tokio::test]
async fn sale_is_unsold_or_unknown_as_stock_api_itself_says() {
    let answers = [
        (
            StatusCode::SERVICE_UNAVAILABLE,
            r#"{"changed":false}"#,
            "not_made",
        ),
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            r#"{"changed":false}"#,
            "not_made",
        ),
        (StatusCode::INTERNAL_SERVER_ERROR, "{}", "unknown"),
        (StatusCode::GATEWAY_TIMEOUT, "{}", "unknown"),
    ];
    for (status, body, outcome) in answers {
        let url = proxy((status, [("x-widgetario-version", "v1")], body)).await;
        let shop = Shop::start(&[&format!("--stock-api-url={url}")]).await;
        let response = shop.post("/buy/1").send().await.unwrap();
        assert_eq!(response.headers()["location"], format!("/?buy={outcome}"));
    }
}

#[tokio::test]
async fn failed_sale_is_said_in_plain_words() {
    let url = proxy((StatusCode::SERVICE_UNAVAILABLE, "fault filter abort")).await;
    let shop = Shop::start(&[&format!("--stock-api-url={url}")]).await;
    let response = shop.post("/buy/1").send().await.unwrap();
    assert_eq!(response.headers()["location"], "/?buy=failed");
    let page = text(shop.get("/?buy=failed").send().await.unwrap()).await;
    assert!(page.contains("The sale did not reach the stock service: nothing was sold."));
    assert!(!page.contains("fault filter"));
}
