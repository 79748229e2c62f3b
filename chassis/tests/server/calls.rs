use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get as route, post};
use chassis::{CallError, Client};
use tokio::net::TcpListener;

use crate::start;

async fn client(router: Router) -> Client {
    let server = start(&[], router).await;
    let url = server.url.parse().unwrap();
    // Keeps the server running until the test's runtime ends.
    std::mem::forget(server.stop);
    Client::new("upstream", url, Duration::from_secs(20)).unwrap()
}

#[tokio::test]
async fn answer_is_read_as_json() {
    let upstream = client(Router::new().route("/n", route("[1,2]"))).await;
    assert_eq!(upstream.get::<Vec<u8>>("/n").await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn posted_json_arrives() {
    let echo = post(async |body: String| body);
    let upstream = client(Router::new().route("/", echo)).await;
    let answer: Vec<u8> = upstream.post("/", &[1, 2]).await.unwrap();
    assert_eq!(answer, [1, 2]);
}

#[tokio::test]
async fn refusal_keeps_its_status_and_the_beginning_of_its_body() {
    let refuse = route(async || (StatusCode::FORBIDDEN, "RBAC: access denied".repeat(100)));
    let upstream = client(Router::new().route("/", refuse)).await;
    match upstream.get::<()>("/").await.unwrap_err() {
        CallError::Status(status, body) => {
            assert_eq!(status, StatusCode::FORBIDDEN);
            assert!(body.starts_with("RBAC: access denied"));
            assert_eq!(body.chars().count(), 200);
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let away = route(async || axum::response::Redirect::to("/elsewhere"));
    let upstream = client(Router::new().route("/", away)).await;
    let error = upstream.get::<()>("/").await.unwrap_err();
    assert!(
        matches!(error, CallError::Status(StatusCode::SEE_OTHER, _)),
        "{error}"
    );
}

#[tokio::test]
async fn other_content_is_unreadable() {
    let upstream = client(Router::new().route("/", route("<html>"))).await;
    let error = upstream.get::<Vec<u8>>("/").await.unwrap_err();
    assert!(matches!(error, CallError::Unreadable(_)), "{error}");
}

#[tokio::test]
async fn silent_service_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let timeout = Duration::from_millis(50);
    let upstream = Client::new("silent", url.parse().unwrap(), timeout).unwrap();
    let error = upstream.get::<()>("/").await.unwrap_err();
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
    let upstream = Client::new("absent", url, Duration::from_secs(20)).unwrap();
    let error = upstream.get::<()>("/").await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
}
