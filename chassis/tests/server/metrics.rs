use std::sync::Arc;

use axum::Router;
use axum::routing::get as route;
use testkit::service::TestService;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Duration, timeout};

use crate::{get, start};

const OPEN_METRICS: &str = "application/openmetrics-text";
/// What Prometheus 3 sends.
const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;q=0.6,\
    application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/// What a scraper that accepts `types` gets: its type, and its text.
async fn scrape(server: &TestService, types: &str) -> (String, String) {
    let request = reqwest::Client::new().get(format!("{}/metrics", server.management_url));
    let answer = request.header("accept", types).send().await.unwrap();
    let format = answer.headers()["content-type"].to_str().unwrap();
    (format.to_owned(), answer.text().await.unwrap())
}

/// Asks for `/` as part of a trace, which is recorded when `flags` are `01`.
async fn ask_in_trace(server: &TestService, trace: &str, flags: &str) {
    let request = reqwest::Client::new().get(&server.url);
    let parent = format!("00-{trace}-00f067aa0ba902b7-{flags}");
    let answer = request.header("traceparent", parent).send().await;
    answer.unwrap();
}

#[tokio::test]
async fn bucket_names_the_last_trace_that_is_recorded() {
    let server = start(&[], Router::new().route("/", route("fast"))).await;
    let [first, last, unrecorded] = ["1", "2", "3"].map(|digit| digit.repeat(32));
    for (trace, flags) in [(&first, "01"), (&last, "01"), (&unrecorded, "00")] {
        ask_in_trace(&server, trace, flags).await;
    }
    let (format, metrics) = scrape(&server, PROMETHEUS).await;
    assert!(format.starts_with(OPEN_METRICS), "{format}");
    let upper_case = "text/plain, Application/OpenMetrics-Text; Q=0.5";
    assert_eq!(scrape(&server, upper_case).await.0, format);
    let exemplar = format!(" # {{trace_id=\"{last}\",span_id=\"00f067aa0ba902b7\"}} ");
    let mut lines = metrics
        .lines()
        .filter_map(|line| line.split_once(&exemplar));
    let (sample, measured) = lines.next().expect(&metrics);
    assert!(
        sample.starts_with("http_server_request_duration_seconds_bucket{"),
        "{sample}"
    );
    let (seconds, at) = measured.split_once(' ').unwrap();
    let (seconds, at): (f64, f64) = (seconds.parse().unwrap(), at.parse().unwrap());
    assert!(seconds > 0.0 && at > 1e9, "{measured}");
    assert!(!metrics.contains(&unrecorded), "{metrics}");
}

#[tokio::test]
async fn scraper_of_the_older_format_gets_no_exemplars() {
    let server = start(&[], Router::new().route("/", route("fast"))).await;
    ask_in_trace(&server, &"1".repeat(32), "01").await;
    for types in [
        "*/*",
        "text/plain;version=0.0.4",
        "application/openmetrics-text;version=1.0.0;q=0, text/plain",
        "application/openmetrics-text; Q=0.000, */*;q=0.2",
        "application/openmetrics-text-of-another-kind",
    ] {
        let (format, metrics) = scrape(&server, types).await;
        assert_eq!(format, "text/plain; version=0.0.4; charset=utf-8");
        let comments = metrics.lines().filter(|line| line.starts_with("# "));
        assert_eq!(metrics.matches('#').count(), comments.count(), "{metrics}");
    }
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
