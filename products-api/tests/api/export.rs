//! How spans leave, by OpenTelemetry's variables.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// What the program sends first to a collector whose address, with what follows it, is `endpoint`.
fn sent(endpoint: (&str, &str), variables: &[(&str, &str)]) -> Vec<String> {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let (name, rest) = endpoint;
    let endpoint = format!("http://{}{rest}", collector.local_addr().unwrap());
    let mut process = Command::new(env!("CARGO_BIN_EXE_products-api"))
        .env("DATABASE_URL", "postgres://127.0.0.1:1/widgetario")
        .env("LISTEN_ADDRESS", "127.0.0.1")
        .env("PORT", "0")
        .env("MANAGEMENT_PORT", "0")
        .env("OTEL_BSP_SCHEDULE_DELAY", "0")
        .env(name, endpoint)
        .envs(variables.iter().copied())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(process.stderr.take().unwrap());
    let mut lines = log.lines().map(Result::unwrap);
    let url = lines.find_map(|line| Some(line.split_once("listening on ")?.1.to_owned()));
    let page = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(reqwest::get(url.unwrap() + "/products"))
    });
    let (stream, _) = collector.accept().unwrap();
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    let head = lines.take_while(|line| !line.is_empty()).collect();
    page.join().unwrap().unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    head
}

#[test]
fn path_and_query_of_the_endpoint_stay() {
    let all = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let traces = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    for (endpoint, expected) in [
        ((all, ""), "POST /v1/traces HTTP/1.1"),
        ((all, "/base/?x=1"), "POST /base/v1/traces?x=1 HTTP/1.1"),
        ((traces, ""), "POST / HTTP/1.1"),
        ((traces, "/spans?x=1"), "POST /spans?x=1 HTTP/1.1"),
    ] {
        assert_eq!(sent(endpoint, &[])[0], expected);
    }
}

#[test]
fn headers_are_decoded_and_those_for_traces_come_first() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "");
    let all = ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=of%20all,x-other=1");
    let has = |head: &[String], line: &str| head.iter().any(|found| found == line);

    let head = sent(endpoint, &[all, ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "")]);
    assert!(
        has(&head, "x-key: of all") && has(&head, "x-other: 1"),
        "{head:?}"
    );

    let traces = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-key=of%20traces");
    let head = sent(endpoint, &[all, traces]);
    assert!(
        has(&head, "x-key: of traces") && !has(&head, "x-other: 1"),
        "{head:?}"
    );
}

#[test]
fn spans_are_compressed_where_that_is_asked_for() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "");
    let all = ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    let not = ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none");
    let is_gzip = |variables: &[(&str, &str)]| {
        let head = sent(endpoint, variables);
        head.iter().any(|line| line == "content-encoding: gzip")
    };
    assert!(is_gzip(&[all]));
    assert!(!is_gzip(&[all, not]));
    assert!(!is_gzip(&[]));
}
