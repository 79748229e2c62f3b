use std::sync::Arc;

use axum::Router;
use axum::routing::get as route;
use chassis::Problem;
use reqwest::{Method, StatusCode};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::{get, start};

#[tokio::test]
async fn panic_is_a_500_that_hides_its_message() {
    async fn panics() -> Problem {
        panic!("the secret")
    }
    let server = start(&[], Router::new().route("/", route(panics))).await;
    let response = get(&server.url, "/").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    assert_eq!(response.headers()["x-widgetario-version"], "v1");
    assert!(!response.text().await.unwrap().contains("secret"));
    assert_eq!(
        get(&server.url, "/").await.status(),
        StatusCode::INTERNAL_SERVER_ERROR
    );
}

#[tokio::test]
async fn problem_names_the_trace_of_its_request() {
    let full = route(async || Problem::unavailable("It is full."));
    let server = start(&[], Router::new().route("/full", full)).await;
    let ask = async |method: Method, path: &str| {
        let request = reqwest::Client::new().request(method, format!("{}{path}", server.url));
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        request.header("traceparent", trace).send().await.unwrap()
    };
    for (method, path, status, header) in [
        (
            Method::GET,
            "/nothing",
            StatusCode::NOT_FOUND,
            "content-type",
        ),
        (
            Method::POST,
            "/full",
            StatusCode::METHOD_NOT_ALLOWED,
            "allow",
        ),
        (
            Method::GET,
            "/full",
            StatusCode::SERVICE_UNAVAILABLE,
            "retry-after",
        ),
    ] {
        let answer = ask(method, path).await;
        assert_eq!(answer.status(), status, "{path}");
        assert!(answer.headers().contains_key(header), "{path}: {header}");
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], status.as_u16());
        assert_eq!(problem["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    }
    let [get, head] = [
        ask(Method::GET, "/full").await,
        ask(Method::HEAD, "/full").await,
    ];
    for name in ["content-length", "content-type", "retry-after"] {
        assert_eq!(get.headers()[name], head.headers()[name], "{name}");
    }
    assert_eq!(head.text().await.unwrap(), "");
}

#[tokio::test]
async fn more_requests_at_once_than_the_limit_are_turned_away() {
    let open = Arc::new(Semaphore::new(0));
    let door = Arc::clone(&open);
    let wait = route(async move || drop(door.acquire().await));
    let server = start(&[], Router::new().route("/", wait)).await;
    let mut requests = JoinSet::new();
    for _ in 0..1025 {
        let request = reqwest::get(server.url.clone());
        requests.spawn(async { request.await.unwrap().status() });
    }
    let first = requests.join_next().await.unwrap().unwrap();
    assert_eq!(first, StatusCode::SERVICE_UNAVAILABLE);
    open.close();
    let rest = requests.join_all().await;
    assert!(rest.iter().all(|&status| status == StatusCode::OK));
}
