//! What becomes of spans when the collector, a service or a caller fails.

use std::time::{Duration, Instant};

use testkit::frozen::Frozen;
use testkit::wait::wait_until;

use crate::collector::Span;
use crate::shop::TracedShop;

#[test]
fn collector_that_was_silent_gets_later_spans() {
    let mut shop = TracedShop::start(&[("OTEL_EXPORTER_OTLP_TIMEOUT", "200")]);
    shop.collector.be_silent(true);
    shop.page(&[]);
    wait_until("spans of each service", || shop.collector.unanswered() >= 3);
    shop.collector.be_silent(false);
    let begun = Instant::now();
    wait_until("spans of all services", || {
        shop.page(&[]);
        let spans = shop.collector.spans();
        let services = ["web", "products-api", "stock-api"];
        let has = |service: &&str| spans.iter().any(|span| span.service == *service);
        begun.elapsed() < Duration::from_secs(25) && services.iter().all(has)
    });
    let log = shop.stop();
    let lines = log.lines().filter(|line| line.contains("spans lost"));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 3, "{log}"); // one a service: within the minute, no more
    assert!(lines.iter().all(|line| line.contains("timed out")), "{log}");
}

#[test]
fn collector_that_is_gone_costs_one_line_a_service() {
    let mut shop = TracedShop::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
    ]);
    for _ in 0..50 {
        assert_eq!(shop.page(&[]).status(), 200);
    }
    let log = shop.stop();
    let lines = log.lines().filter(|line| line.contains("spans lost"));
    assert_eq!(lines.count(), 3, "{log}");
    let what = "http://127.0.0.1:1/v1/traces did not take them: ";
    for line in log.lines().filter(|line| line.contains("spans lost")) {
        assert!(line.contains(what) && line.contains("refused"), "{line}");
    }
}

/// The spans of a page view whose calls of stock-api were not answered.
fn without_stock(view: impl Fn(&TracedShop)) -> Vec<Span> {
    let mut shop = TracedShop::start(&[("UPSTREAM_TIMEOUT_SECONDS", "1")]);
    let stock = Frozen::new(shop.up.service_id("stock-api"));
    view(&shop);
    wait_until("the page's span", || shop.collector.has("GET /"));
    drop(stock);
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
        let _caller = shop.ask_for_page();
        wait_until("a call's span", || shop.collector.has("GET"));
    });
    let page = spans.iter().find(|span| span.name == "GET /").unwrap();
    assert_eq!(page.attributes["error.type"], "cancelled");
    let why = "nobody waits for the answer any longer";
    assert_eq!(page.error.as_deref(), Some(why));
    let is_call = |span: &&Span| span.service == "web" && span.name == "GET";
    let is_cancelled = |span: &&Span| {
        let error = span.attributes.get("error.type");
        error.is_some_and(|error| error == "cancelled")
    };
    let cancelled = spans.iter().filter(is_call).filter(is_cancelled);
    assert_eq!(cancelled.count(), 4);
}
