use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::Shop;
use crate::failures::until;
use crate::trees::TRACE;

/// The lines about calls that failed, after a page view whose calls of stock-api were not answered.
fn failures(format: &str) -> Vec<String> {
    let environment = [
        ("LOG_FORMAT", format),
        ("UPSTREAM_TIMEOUT_SECONDS", "1"),
        ("NO_COLOR", "1"),
    ];
    let mut shop = Shop::start(&environment);
    let stock = stock_api(&shop);
    kill(stock, Signal::SIGSTOP).unwrap();
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    shop.page(&[("traceparent", &parent), ("x-request-id", "view-1")]);
    kill(stock, Signal::SIGCONT).unwrap();
    let log = shop.stop();
    let is_failure = |line: &&str| line.contains("a call failed");
    log.lines().filter(is_failure).map(str::to_owned).collect()
}

pub(crate) fn stock_api(shop: &Shop) -> Pid {
    let processes = Command::new("ps")
        .args(["-axo", "ppid=,pid=,args="])
        .output()
        .unwrap();
    let processes = String::from_utf8(processes.stdout).unwrap();
    let parent = shop.process.id().to_string();
    let child = |line: &&str| {
        line.split_whitespace().next() == Some(&parent) && line.contains("service stock-api")
    };
    let line = processes.lines().find(child).unwrap();
    Pid::from_raw(line.split_whitespace().nth(1).unwrap().parse().unwrap())
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
        let mut shop = Shop::start(&[("RUST_LOG", level), ("NO_COLOR", "1")]);
        shop.page(&[("x-request-id", "view-1")]);
        shop.stop()
    };
    assert!(!page("info").contains("view-1"));
    let log = page("info,access=debug");
    let count = |request: &str| {
        let is_it = |line: &&str| line.contains(request) && line.ends_with(" request_id=view-1");
        log.lines().filter(is_it).count()
    };
    assert_eq!(count(" method=\"GET\" path=\"/\" status=200 "), 1);
    assert_eq!(count(" method=\"GET\" path=\"/products\" status=200 "), 1);
    assert_eq!(count(" method=\"GET\" path=\"/stock/"), 4);
}

#[test]
fn access_line_of_a_caller_that_hung_up_has_no_status() {
    let level = ("RUST_LOG", "info,access=debug");
    let mut shop = Shop::start(&[level, ("UPSTREAM_TIMEOUT_SECONDS", "10"), ("NO_COLOR", "1")]);
    let stock = stock_api(&shop);
    kill(stock, Signal::SIGSTOP).unwrap();
    let address = shop.url.strip_prefix("http://").unwrap();
    let mut caller = TcpStream::connect(address).unwrap();
    caller
        .write_all(b"GET / HTTP/1.1\r\nhost: shop\r\nx-request-id: view-1\r\n\r\n")
        .unwrap();
    until(|| shop.collector.has("GET"));
    drop(caller);
    until(|| shop.collector.has("GET /"));
    kill(stock, Signal::SIGCONT).unwrap();
    let log = shop.stop();
    let lines = |text: &str| {
        let is_it = |line: &&str| line.contains(text) && line.ends_with(" request_id=view-1");
        log.lines().filter(is_it).count()
    };
    assert_eq!(
        lines(r#" method="GET" path="/" error="cancelled" "#),
        1,
        "{log}"
    );
    assert_eq!(lines("a call was abandoned"), 4, "{log}");
}
