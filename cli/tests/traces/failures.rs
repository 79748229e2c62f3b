//! What becomes of the spans when somebody on the way fails.

use std::io::Write;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};

use crate::Shop;
use crate::collector::Span;
use crate::logs::stock_api;

/// Waits until `condition` holds.
pub(crate) fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn collector_that_was_silent_gets_the_spans_of_later() {
    let mut shop = Shop::start(&[("OTEL_EXPORTER_OTLP_TIMEOUT", "200")]);
    shop.collector.be_silent(true);
    shop.page(&[]);
    until(|| shop.collector.unanswered() >= 3); // each service has sent some
    shop.collector.be_silent(false);
    let begun = Instant::now();
    until(|| {
        shop.page(&[]);
        let spans = shop.collector.spans();
        let services = ["web", "products-api", "stock-api"];
        let has = |service: &&str| spans.iter().any(|span| span.service == *service);
        begun.elapsed() < Duration::from_secs(25) && services.iter().all(has)
    });
    let log = shop.stop();
    let lines = log.lines().filter(|line| line.contains("spans lost"));
    assert_eq!(lines.count(), 3, "{log}"); // one a service: within the minute, no more
}

#[test]
fn collector_that_is_gone_costs_one_line_a_service() {
    let mut shop = Shop::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
    ]);
    for _ in 0..50 {
        assert_eq!(shop.page(&[]).status(), 200);
    }
    let log = shop.stop();
    let lines = log.lines().filter(|line| line.contains("spans lost"));
    assert_eq!(lines.count(), 3, "{log}");
    assert!(log.contains("http://127.0.0.1:1/v1/traces"), "{log}");
}

/// The spans of a page view whose calls of stock-api were not answered.
fn without_stock(view: impl Fn(&Shop)) -> Vec<Span> {
    let mut shop = Shop::start(&[("UPSTREAM_TIMEOUT_SECONDS", "1")]);
    let stock = stock_api(&shop);
    kill(stock, Signal::SIGSTOP).unwrap();
    view(&shop);
    until(|| shop.collector.has("GET /"));
    kill(stock, Signal::SIGCONT).unwrap();
    shop.stop();
    shop.collector.spans()
}

#[test]
fn span_of_a_failed_call_says_why() {
    let spans = without_stock(|shop| {
        shop.page(&[]);
    });
    let is_failed =
        |span: &&Span| span.service == "web" && span.attributes.contains_key("error.type");
    let failed: Vec<_> = spans.iter().filter(is_failed).collect();
    assert_eq!(failed.len(), 4);
    for span in failed {
        assert_eq!(span.name, "GET");
        assert_eq!(span.attributes["error.type"], "timeout");
        assert_eq!(span.error.as_deref(), Some("no answer in time"));
    }
}

#[test]
fn span_of_a_caller_that_hangs_up_ends_as_cancelled() {
    let spans = without_stock(|shop| {
        let address = shop.url.strip_prefix("http://").unwrap();
        let mut caller = TcpStream::connect(address).unwrap();
        caller
            .write_all(b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n")
            .unwrap();
        until(|| shop.collector.has("GET"));
    });
    let page = spans.iter().find(|span| span.name == "GET /").unwrap();
    assert_eq!(page.attributes["error.type"], "cancelled");
    let is_call = |span: &&Span| span.service == "web" && span.name == "GET";
    let is_left = |span: &&Span| {
        span.attributes
            .get("error.type")
            .is_some_and(|it| it == "cancelled")
    };
    assert_eq!(spans.iter().filter(is_call).filter(is_left).count(), 4);
}
