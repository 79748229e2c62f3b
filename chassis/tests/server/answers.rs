use std::sync::Arc;

use axum::Router;
use axum::routing::get as route;
use chassis::Problem;
use reqwest::{Method, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Duration, timeout};

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

#[tokio::test]
async fn unknown_paths_are_one_label_of_the_metrics() {
    let server = start(&[], Router::new().route("/known/{id}", route("known"))).await;
    for path in ["/known/1", "/known/2", "/a", "/b", "/c"] {
        get(&server.url, path).await;
    }
    let metrics = server.metrics().await;
    let count = |labels: &str| {
        let name = "http_server_request_duration_seconds_count";
        metrics.contains(&format!("{name}{{http_request_method=\"GET\",{labels}"))
    };
    assert!(
        count(r#"http_route="/known/{id}",http_response_status_code="200"} 2"#),
        "{metrics}"
    );
    assert!(
        count(r#"http_route="unmatched",http_response_status_code="404"} 3"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn request_whose_caller_hangs_up_is_counted() {
    let arrived = Arc::new(Notify::new());
    let wait = {
        let arrived = Arc::clone(&arrived);
        route(async move || {
            arrived.notify_one();
            std::future::pending::<()>().await;
        })
    };
    let server = start(&[], Router::new().route("/", wait)).await;
    let mut caller = TcpStream::connect(&server.url["http://".len()..])
        .await
        .unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n";
    caller.write_all(request).await.unwrap();
    arrived.notified().await;
    drop(caller);
    let count = r#"count{http_request_method="GET",http_route="/",error_type="cancelled"} 1"#;
    let counted = async { while !server.metrics().await.contains(count) {} };
    timeout(Duration::from_secs(20), counted).await.unwrap();
}
