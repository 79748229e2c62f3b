use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::{Shop, text};

/// Buys as the page's script does.
async fn scripted(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request
        .header("accept", "application/json")
        .send()
        .await
        .unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn form_sells_one_and_returns_to_the_page_with_a_message() {
    let shop = Shop::start(&[]).await;
    let response = shop.post("/buy/2").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()["location"], "/?buy=sold");
    let page = text(shop.get("/?buy=sold").send().await.unwrap()).await;
    assert!(page.contains("Sold: it is yours."));
    let content = shop.content().await;
    assert_eq!(content["products"][1]["stock"], 39);
}

#[tokio::test]
async fn script_learns_what_is_left() {
    let shop = Shop::start(&[]).await;
    let (status, answer) = scripted(shop.post("/buy/2")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["outcome"], "sold");
    let left = json!({
        "id": 2, "stock": 39, "availability": "Last few...", "level": "few", "can_buy": true
    });
    assert_eq!(answer["product"], left);
}

#[tokio::test]
async fn sold_out_product_cannot_be_bought() {
    let shop = Shop::start(&[]).await;
    let (status, answer) = scripted(shop.post("/buy/4")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(answer["outcome"], "sold_out");
    assert_eq!(answer["product"]["can_buy"], false);
    let response = shop.post("/buy/4").send().await.unwrap();
    assert_eq!(response.headers()["location"], "/?buy=sold_out");
}

#[tokio::test]
async fn unknown_product_cannot_be_bought() {
    let shop = Shop::start(&[]).await;
    for path in ["/buy/99", "/buy/abc", "/buy/99999999999999999999"] {
        let (status, answer) = scripted(shop.post(path)).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer["outcome"], "not_found");
    }
}

#[tokio::test]
async fn message_is_one_of_ours_whatever_the_address_says() {
    let shop = Shop::start(&[]).await;
    for query in [
        "?buy=<b>hacked</b>",
        "?buy=",
        "?buy=%ff",
        "?buy=sold&buy=sold",
        "?x=%",
    ] {
        let response = shop.get(&format!("/{query}")).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{query}");
        let page = text(response).await;
        assert!(
            !page.contains("hacked") && !page.contains(r#"class="notice""#),
            "{query}"
        );
    }
}
