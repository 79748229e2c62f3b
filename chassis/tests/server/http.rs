//! What HTTP demands of a server (`docs/http.md`), over raw connections.

use std::time::Duration;

use axum::Router;
use axum::routing::put;
use chassis::Json;
use serde_json::Value;
use testkit::service::TestService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::start;

async fn api() -> TestService {
    let replace = put(async |Json(body): Json<Value>| axum::Json(body));
    start(&[], Router::new().route("/thing", replace.get("it"))).await
}

/// Sends the bytes and reads until the server closes.
async fn answer(url: &str, request: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(&url["http://".len()..]).await.unwrap();
    let mut answer = Vec::new();
    let exchange = async {
        stream.write_all(request.as_ref()).await.unwrap();
        stream.read_to_end(&mut answer).await.unwrap();
    };
    timeout(Duration::from_secs(20), exchange).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// A request with this first line, these lines after `host`, and this body; the last of its connection.
fn request(line: &str, lines: &str, body: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n{lines}\r\n{body}")
}

/// Whether each request is answered with its status.
async fn assert_statuses(url: &str, requests: &[(u16, String)]) {
    for (status, request) in requests {
        let answer = answer(url, request).await;
        let beginning: String = request.chars().take(200).collect();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer} to {beginning}"
        );
    }
}

#[tokio::test]
async fn request_names_one_host() {
    let with = |hosts: &str| format!("GET /thing HTTP/1.1\r\nconnection: close\r\n{hosts}\r\n");
    let requests = [
        (200, with("host: shop\r\n")),
        (200, with("host: shop:8080\r\n")),
        (200, with("host: [::1]:8080\r\n")),
        (400, with("")),
        (400, with("host: shop\r\nhost: shop\r\n")),
        (400, with("host:\r\n")),
        (400, with("host: a b\r\n")),
        (400, with("host: shop/thing\r\n")),
        (400, with("host: user@shop\r\n")),
        (400, with("host: shop:port\r\n")),
        (400, with("host: shop:99999\r\n")),
        (400, with("host: shop:+80\r\n")),
        (400, with("host: :8080\r\n")),
    ];
    let server = api().await;
    assert_statuses(&server.url, &requests).await;
    let livez = requests.map(|(status, request)| (status, request.replace("/thing", "/livez")));
    assert_statuses(&server.management_url, &livez).await;
    let old = answer(&server.url, "GET /thing HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200 OK\r\n"), "{old}");
}

#[tokio::test]
async fn refusals_of_malformed_requests_are_problems_that_say_who_answered() {
    let server = api().await;
    let answer = answer(&server.url, request("GET *", "", "")).await;
    assert!(answer.contains("\r\ncontent-type: application/problem+json\r\n"));
    assert!(answer.contains("\r\nx-widgetario-version: v1\r\n"));
    assert!(
        answer.contains(r#""detail":"What is asked for must be a path.""#),
        "{answer}"
    );
}

#[tokio::test]
async fn target_takes_the_forms_that_its_method_allows() {
    let server = api().await;
    let long = format!("/thing?{}", "a".repeat(9_000));
    let requests = [
        (200, "GET /thing"),
        (200, "GET http://other/thing"),
        (421, "GET https://shop/thing"),
        (204, "OPTIONS *"),
        (400, "GET *"),
        (400, "GET shop:80"),
        (501, "CONNECT shop:80"),
        (404, "GET //thing"),
        (404, "GET /thing/"),
        (404, "GET /a/../thing"),
        (404, "GET /%ff"),
        (200, "GET /thing?%ff"),
        (414, &format!("GET {long}")),
    ];
    let requests = requests.map(|(status, line)| (status, request(line, "", "")));
    assert_statuses(&server.url, &requests).await;
}

#[tokio::test]
async fn method_that_a_path_does_not_take_is_answered_with_those_that_it_takes() {
    let server = api().await;
    for method in [
        "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get",
    ] {
        let line = format!("{method} /thing");
        let answer = answer(&server.url, request(&line, "", "")).await;
        assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
        assert!(answer.contains("\r\nallow: PUT,GET,HEAD\r\n"), "{answer}");
    }
    let line = "POST /livez";
    let answer = answer(&server.management_url, request(line, "", "")).await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("\r\nallow: GET,HEAD\r\n"));
}

#[tokio::test]
async fn head_that_is_too_large_is_refused_and_counted() {
    let server = api().await;
    let field = |bytes| format!("x: {}\r\n", "a".repeat(bytes));
    let requests = [
        (200, request("GET /thing", &field(60_000), "")),
        (431, request("GET /thing", &field(100_000), "")),
        (431, request("GET /thing", &"x: a\r\n".repeat(100), "")),
        (400, request("GET /thing", "x : a\r\n", "")),
        (400, request("GET /thing", "x: a\r\n b\r\n", "")),
        (400, "\u{16}\u{3}\u{1}\0\u{5}\u{1}\0\r\n".into()), // TLS
    ];
    assert_statuses(&server.url, &requests).await;
    let metrics = server.metrics().await;
    let count = "http_server_unreadable_requests_total 5\n";
    assert!(metrics.contains(count), "{metrics}");
}

#[tokio::test]
async fn body_is_framed_in_one_way() {
    let server = api().await;
    let json = "content-type: application/json\r\n";
    let with = |lines: &str, body: &str| request("PUT /thing", &format!("{json}{lines}"), body);
    let requests = [
        (200, with("content-length: 2\r\n", "{}")),
        (
            200,
            with("transfer-encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            400,
            with("content-length: 2\r\ncontent-length: 3\r\n", "{}"),
        ),
        (400, with("content-length: +2\r\n", "{}")),
        (400, with("transfer-encoding: gzip\r\n", "")),
        (
            501,
            with("transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        ),
        (
            400,
            with("transfer-encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
        ),
        (413, with("content-length: 20000\r\n", &" ".repeat(20_000))),
        (
            415,
            with("content-length: 2\r\ncontent-encoding: gzip\r\n", "{}"),
        ),
        (415, request("PUT /thing", "content-length: 2\r\n", "{}")),
        (
            400,
            with("content-length: 2\r\ncontent-range: bytes 0-1/9\r\n", "{}"),
        ),
    ];
    assert_statuses(&server.url, &requests).await;
    let both = with(
        "content-length: 9\r\ntransfer-encoding: chunked\r\n",
        "2\r\n{}\r\n0\r\n\r\n",
    );
    let both = both.replace("connection: close\r\n", "");
    let answer = answer(&server.url, both).await; // and it closes
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn expectation_and_precondition_are_met_or_refused() {
    let server = api().await;
    let json = "content-type: application/json\r\ncontent-length: 2\r\n";
    let with = |lines: &str| request("PUT /thing", &format!("{json}{lines}"), "{}");
    let requests = [
        (100, with("expect: 100-continue\r\n")),
        (417, with("expect: tea\r\n")),
        (200, with("if-match: *\r\n")),
        (412, with("if-match: \"tag\"\r\n")),
        (412, with("if-none-match: *\r\n")),
        (200, with("if-none-match: \"tag\"\r\n")),
    ];
    assert_statuses(&server.url, &requests).await;
}

#[tokio::test]
async fn lines_and_versions_are_read_as_hyper_does() {
    let server = api().await;
    let get = "GET /thing HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";
    let requests = [
        (200, get.replace("\r\n", "\n")),
        (200, format!("\r\n{get}")),
        (200, request("GET /thing", "range: bytes=0-0\r\n", "")),
        (200, request("GET /thing", "upgrade: h2c\r\n", "")),
        (200, request("GET /thing", "accept: image/png\r\n", "")),
        (400, get.replace("1.1", "1.2")),
        (400, get.replace("HTTP/1.1", "HTTP/2.0")),
        (400, "GET /thing\r\n\r\n".into()), // HTTP/0.9
    ];
    assert_statuses(&server.url, &requests).await;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert_eq!(answer(&server.url, preface).await, "");
    let refusal = answer(&server.url, "GET /thing HTTP/3\r\n\r\n").await;
    assert!(refusal.contains("\r\ndate: "), "{refusal}");
}

#[tokio::test]
async fn connection_is_kept_as_its_version_says() {
    let server = api().await;
    let last = request("GET /thing", "", "");
    let old = "GET /thing HTTP/1.0\r\nconnection: keep-alive\r\n\r\n";
    for first in [old, "GET /thing HTTP/1.1\r\nhost: shop\r\n\r\n"] {
        let both = answer(&server.url, format!("{first}{last}")).await;
        assert_eq!(both.matches(" 200 OK\r\n").count(), 2, "{both}");
    }
    let ended = "GET /thing HTTP/1.0\r\n\r\n";
    let one = answer(&server.url, format!("{ended}{last}")).await;
    assert_eq!(one.matches(" 200 OK\r\n").count(), 1, "{one}");
}
