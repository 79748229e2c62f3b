use std::sync::Arc;

use axum::Router;
use axum::routing::get as route;
use reqwest::StatusCode;
use tokio::sync::Notify;
use tokio::time::{Duration, timeout};

use crate::{get, start};

#[tokio::test]
async fn server_that_drains_is_unready_and_still_serves() {
    let server = start(&["--drain=300"], Router::new().route("/", route("served"))).await;
    assert_eq!(
        get(&server.management_url, "/readyz").await.status(),
        StatusCode::OK
    );
    assert!(
        !get(&server.url, "/")
            .await
            .headers()
            .contains_key("connection")
    );

    server.stop();
    while get(&server.management_url, "/readyz").await.status() == StatusCode::OK {
        tokio::task::yield_now().await;
    }
    let response = get(&server.url, "/").await;
    assert_eq!(response.headers()["connection"], "close");
    assert_eq!(response.text().await.unwrap(), "served");
    assert_eq!(
        get(&server.management_url, "/livez").await.status(),
        StatusCode::OK
    );
    assert!(!server.serving.is_finished());
}

#[tokio::test]
async fn request_under_way_is_answered_before_the_server_ends() {
    let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (arrived, go_on) = (Arc::clone(&arrived), Arc::clone(&go_on));
        async move || {
            arrived.notify_one();
            go_on.notified().await;
            "answered"
        }
    };
    let server = start(&[], Router::new().route("/", route(slow))).await;
    let url = server.url.clone();
    let request = tokio::spawn(async move { get(&url, "/").await.text().await.unwrap() });
    arrived.notified().await;
    server.stop();
    // New connections are refused, and the old one is still waiting.
    while reqwest::get(format!("{}/other", server.url)).await.is_ok() {}
    assert!(!server.serving.is_finished());
    go_on.notify_one();
    assert_eq!(request.await.unwrap(), "answered");
    timeout(Duration::from_secs(10), server.serving)
        .await
        .unwrap()
        .unwrap();
}
