//! What the page says of calls in an ambient mesh, where ztunnel and a waypoint are in the place of
//! sidecars.

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::any;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::{Shop, stand_in};

/// A shop in an ambient mesh, whose calls of stock-api end at `url`.
async fn shop(url: &str) -> Shop {
    Shop::start(&["--mesh=ambient", &format!("--stock-api-url={url}")]).await
}

/// Resets each connection before an answer, as ztunnel does.
async fn ztunnel() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _request = stream.read(&mut [0; 1]).await; // the rest is unread: this resets
        }
    });
    url
}

/// Answers in stock-api's place, as a waypoint does.
async fn waypoint(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> String {
    let answer = any(async move || answer.clone());
    stand_in(Router::new().fallback_service(answer.with_state(()))).await
}

/// What web found in its first call of stock-api, whose stock must be unknown.
async fn finding(shop: &Shop) -> Value {
    let content = shop.content().await;
    assert_eq!(content["products"][0]["stock"], Value::Null);
    assert_eq!(content["products"].as_array().unwrap().len(), 4);
    content["calls"][1]["finding"].clone()
}

#[tokio::test]
async fn connection_that_is_reset_was_most_likely_refused_by_the_called_pods_ztunnel() {
    let found = finding(&shop(&ztunnel().await).await).await;
    assert_eq!(found["cause"], "reset", "{found}");
    assert_eq!(
        found["title"],
        "stock-api's ztunnel reset the connection, or a pod ended"
    );
    let file = "istio/demo7/ambient-install/authz/stock-allow-web.yaml";
    assert_eq!(found["file"], file);
    let text = found["text"].as_str().unwrap();
    assert!(text.contains("Or a pod of stock-api ended"), "{text}");
}

/// The connection led to the waypoint then.
#[tokio::test]
async fn policy_that_opens_is_no_remedy_where_the_service_has_a_waypoint() {
    let found = finding(&shop(&ztunnel().await).await).await;
    let text = found["text"].as_str().unwrap();
    assert!(
        text.starts_with("Where stock-api has no waypoint, "),
        "{text}"
    );
    let with_one =
        "With a waypoint, it was the waypoint that ended, and this policy would lead around it.";
    assert!(text.ends_with(with_one), "{text}");
}

/// Without a setting: a connection that breaks is nobody's policy.
#[tokio::test]
async fn connection_that_is_reset_among_sidecars_names_no_policy() {
    let url = format!("--stock-api-url={}", ztunnel().await);
    let found = finding(&Shop::start(&[&url]).await).await;
    assert_eq!(found["title"], "The connection to stock-api broke");
    assert_eq!(found["file"], Value::Null);
}

#[tokio::test]
async fn answer_in_the_services_place_is_the_waypoints() {
    let broke = "upstream connect error or disconnect/reset before headers. reset reason: connection \
                 termination";
    for (status, body, title) in [
        (403, "RBAC: access denied", "Refused by the waypoint"),
        (503, "fault filter abort", "Abort injected by the waypoint"),
        (504, "upstream request timeout", "Given up by the waypoint"),
        (503, broke, "The connection to stock-api broke"),
        (503, "no healthy upstream", "No healthy stock-api"),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let found = finding(&shop(&waypoint((status, body)).await).await).await;
        assert_eq!(found["title"], title);
        let text = found["text"].as_str().unwrap();
        assert!(!text.contains("sidecar"), "{text}");
    }
}

#[tokio::test]
async fn refusal_of_the_waypoint_names_its_policy() {
    let refusal = (StatusCode::FORBIDDEN, "RBAC: access denied");
    let found = finding(&shop(&waypoint(refusal).await).await).await;
    assert_eq!(found["file"], "istio/demo7/waypoints/authz/stock-api.yaml");
}

#[tokio::test]
async fn page_says_that_ztunnel_tells_no_service_who_web_is() {
    let shop = Shop::start(&["--mesh=ambient"]).await;
    let page = shop.page().await;
    let words = "nobody in particular to stock-api: ztunnel knows who web is, and tells no service";
    assert!(page.contains(words), "{page}");
    let page = Shop::start(&[]).await.page().await;
    assert!(page.contains("nobody in particular to stock-api: no mutual TLS"));
}
