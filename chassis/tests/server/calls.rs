use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get as route, post};
use chassis::{CallError, Client, Forwarded};
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::net::TcpListener;

use crate::start;

async fn client(router: Router) -> Client {
    let server = start(&[], router).await;
    client_of(server.url.parse().unwrap(), Duration::from_secs(20))
}

fn client_of(url: Url, timeout: Duration) -> Client {
    let propagators = "tracecontext,baggage,b3multi".parse().unwrap();
    Client::new("upstream", url, timeout, propagators).unwrap()
}

/// What `upstream` answers to a call that is made for no request.
async fn call<T: DeserializeOwned>(upstream: &Client, path: &str) -> Result<T, CallError> {
    upstream.get(path, &Forwarded::default()).await.result
}

#[tokio::test]
async fn answer_is_read_as_json() {
    let upstream = client(Router::new().route("/n", route("[1,2]"))).await;
    assert_eq!(call::<Vec<u8>>(&upstream, "/n").await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn posted_json_arrives() {
    let echo = post(async |body: String| body);
    let upstream = client(Router::new().route("/", echo)).await;
    let answer: Vec<u8> = upstream
        .post("/", &Forwarded::default(), &json!([1, 2]))
        .await
        .result
        .unwrap();
    assert_eq!(answer, [1, 2]);
}

#[tokio::test]
async fn refusal_keeps_its_status_and_the_beginning_of_its_body() {
    let refuse = route(async || (StatusCode::FORBIDDEN, "RBAC: access denied".repeat(100)));
    let upstream = client(Router::new().route("/", refuse)).await;
    match call::<()>(&upstream, "/").await.unwrap_err() {
        CallError::Status(status, body) => {
            assert_eq!(status, StatusCode::FORBIDDEN);
            assert!(body.starts_with("RBAC: access denied"));
            assert_eq!(body.chars().count(), 400);
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let away = route(async || axum::response::Redirect::to("/elsewhere"));
    let upstream = client(Router::new().route("/", away)).await;
    let error = call::<()>(&upstream, "/").await.unwrap_err();
    assert!(
        matches!(error, CallError::Status(StatusCode::SEE_OTHER, _)),
        "{error}"
    );
}

#[tokio::test]
async fn other_content_is_unreadable() {
    let upstream = client(Router::new().route("/", route("<html>"))).await;
    let error = call::<Vec<u8>>(&upstream, "/").await.unwrap_err();
    assert!(matches!(error, CallError::Unreadable(_)), "{error}");
}

#[tokio::test]
async fn silent_service_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let timeout = Duration::from_millis(50);
    let upstream = client_of(url.parse().unwrap(), timeout);
    let error = call::<()>(&upstream, "/").await.unwrap_err();
    assert!(matches!(error, CallError::Timeout), "{error}");
}

#[tokio::test]
async fn absent_service_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{address}").parse().unwrap();
    let upstream = client_of(url, Duration::from_secs(20));
    let error = call::<()>(&upstream, "/").await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn call_carries_the_trace_and_what_a_mesh_needs_and_nothing_else() {
    type Lines = BTreeMap<String, String>;
    let echo = route(async |headers: HeaderMap| {
        let lines = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        axum::Json(lines.collect::<Lines>())
    });
    let upstream = client(Router::new().route("/", echo)).await;
    let upstream = Arc::new(upstream);
    let ask = route(async move |forwarded: Forwarded| {
        let answer = upstream.get::<Lines>("/", &forwarded).await;
        axum::Json(answer.result.unwrap())
    });
    let service = start(&[], Router::new().route("/", ask)).await;

    let request = reqwest::Client::new().get(&service.url);
    let request = request.header(
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    );
    let request = request
        .header("x-request-id", "view-1")
        .header("end-user", "tester");
    let request = request
        .header("cookie", "secret")
        .header("authorization", "secret");
    let request = request
        .header("x-forwarded-client-cert", "secret")
        .header("baggage", "k=v");
    let mut arrived: Lines = request.send().await.unwrap().json().await.unwrap();
    arrived.retain(|name, _| name != "host" && name != "accept");
    let expected = [
        ("baggage", "k=v"),
        ("end-user", "tester"),
        (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
        ("tracestate", "widgetario=00f067aa0ba902b7"),
        ("x-b3-sampled", "1"),
        ("x-b3-spanid", "00f067aa0ba902b7"),
        ("x-b3-traceid", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("x-request-id", "view-1"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(arrived, BTreeMap::from(expected));
}
