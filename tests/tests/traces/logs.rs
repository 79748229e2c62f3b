//! What the services log of a page view, and how its lines lead to the trace.

use testkit::frozen::Frozen;
use testkit::wait::wait_until;

use crate::shop::TracedShop;
use crate::trees::{CALLER, TRACE};

/// The lines about calls that failed, after a page view whose calls of stock-api were not answered.
fn failures(format: &str) -> Vec<String> {
    let environment = [
        ("LOG_FORMAT", format),
        ("UPSTREAM_TIMEOUT_SECONDS", "1"),
        ("NO_COLOR", "1"),
    ];
    let mut shop = TracedShop::start(&environment);
    let stock = Frozen::new(shop.up.service_id("stock-api"));
    let parent = format!("00-{TRACE}-{CALLER}-01");
    shop.page(&[("traceparent", &parent), ("x-request-id", "view-1")]);
    drop(stock);
    let log = shop.stop();
    let is_failure = |line: &&str| line.contains("a call failed");
    log.lines().filter(is_failure).map(str::to_owned).collect()
}

/// How many lines of `log` contain `text`, of those that name the request as the tests do.
fn count(log: &str, text: &str) -> usize {
    let lines = log.lines().filter(|line| line.contains(text));
    let named = lines.filter(|line| line.ends_with(" request_id=view-1"));
    named.count()
}

#[test]
fn failed_call_is_one_line_that_names_its_trace_and_request() {
    let lines = failures("text");
    assert_eq!(lines.len(), 4);
    for line in lines {
        assert!(
            line.contains("WARN") && line.contains("no answer in time"),
            "{line}"
        );
        assert!(
            line.contains(&format!(" trace_id={TRACE} span_id=")),
            "{line}"
        );
        assert!(line.ends_with(" request_id=view-1"), "{line}");
    }
}

#[test]
fn line_for_machines_is_json_with_the_same_ids() {
    let lines = failures("json");
    assert_eq!(lines.len(), 4);
    for line in lines {
        let json = line.split_once('{').unwrap().1;
        let json: serde_json::Value = serde_json::from_str(&format!("{{{json}")).unwrap();
        assert_eq!(json["level"], "WARN");
        assert_eq!(json["service"], "stock-api");
        assert!(json["latency_ms"].as_f64().unwrap() >= 1000.0);
        assert_eq!(json["trace_id"], TRACE);
        assert_eq!(json["request_id"], "view-1");
    }
}

#[test]
fn access_line_of_each_request_is_written_on_demand() {
    let page = |level| {
        let mut shop = TracedShop::start(&[("RUST_LOG", level), ("NO_COLOR", "1")]);
        shop.page(&[("x-request-id", "view-1")]);
        shop.stop()
    };
    assert!(!page("info").contains("view-1"));
    let log = page("info,access=debug");
    assert_eq!(count(&log, r#" method="GET" path="/" status=200 "#), 1);
    let products = r#" method="GET" path="/products" status=200 "#;
    assert_eq!(count(&log, products), 1);
    assert_eq!(count(&log, r#" method="GET" path="/stock/"#), 4);
}

/// What the services log at the level `level`, when a page's visitor hangs up while web waits for
/// stock-api.
fn log_of_a_caller_that_hangs_up(level: &str) -> String {
    let waits = ("UPSTREAM_TIMEOUT_SECONDS", "10");
    let mut shop = TracedShop::start(&[("RUST_LOG", level), waits, ("NO_COLOR", "1")]);
    let stock = Frozen::new(shop.up.service_id("stock-api"));
    let caller = shop.ask_for_page();
    wait_until("a call's span", || shop.collector.has("GET"));
    drop(caller);
    wait_until("the page's span", || shop.collector.has("GET /"));
    drop(stock);
    shop.stop()
}

#[test]
fn access_line_of_a_caller_that_hung_up_has_no_status() {
    let log = log_of_a_caller_that_hangs_up("info,access=debug");
    let abandoned = r#" method="GET" path="/" error="cancelled" "#;
    assert_eq!(count(&log, abandoned), 1, "{log}");
    assert_eq!(count(&log, "a call was abandoned"), 4, "{log}");
    assert_eq!(count(&log, "a request was abandoned"), 0, "{log}");
}

#[test]
fn caller_that_hung_up_leaves_a_line_even_without_an_access_log() {
    let log = log_of_a_caller_that_hangs_up("info");
    let abandoned = r#"a request was abandoned: nobody waits for its answer any longer method="GET" route="/" error="cancelled" "#;
    assert_eq!(count(&log, abandoned), 1, "{log}");
}
