//! The choice of the parent when both families of headers arrive.

use crate::{extract, forwarded, headers, propagators, span};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// The sender's own span, …
const SENDER: &str = "00f067aa0ba902b7";
/// … and its proxy's.
const PROXY: &str = "b7ad6b7169203331";
const STAMP: &str = "widgetario=00f067aa0ba902b7";

fn traceparent(span: &str) -> String {
    format!("00-{TRACE}-{span}-01")
}

fn parent(traceparent_span: &str, b3_span: &str, state: &str) -> String {
    let span = extract(&[
        ("traceparent", &traceparent(traceparent_span)),
        ("tracestate", state),
        ("x-b3-traceid", TRACE),
        ("x-b3-spanid", b3_span),
        ("x-b3-sampled", "1"),
    ]);
    assert_eq!(span.trace_id().to_string(), TRACE);
    span.span_id().to_string()
}

#[test]
fn family_that_a_proxy_rewrote_is_the_parent() {
    assert_eq!(parent(PROXY, SENDER, STAMP), PROXY);
    assert_eq!(parent(SENDER, PROXY, STAMP), PROXY);
}

#[test]
fn both_rewritten_or_none_are_alike() {
    assert_eq!(parent(PROXY, PROXY, STAMP), PROXY);
    assert_eq!(parent(SENDER, SENDER, STAMP), SENDER);
}

#[test]
fn first_valid_family_counts_at_the_edge() {
    let lines = [
        ("traceparent", &*traceparent(SENDER)),
        ("x-b3-traceid", TRACE),
        ("x-b3-spanid", PROXY),
    ];
    let parent = |list, lines: &[_]| {
        span(&propagators(list).extract(&headers(lines)))
            .span_id()
            .to_string()
    };
    assert_eq!(parent("tracecontext,b3multi", &lines), SENDER);
    assert_eq!(parent("baggage,b3multi,tracecontext", &lines), PROXY);
    assert_eq!(parent("tracecontext,b3multi", &lines[1..]), PROXY);
    let garbage = [("traceparent", "garbage"), lines[1], lines[2]];
    assert_eq!(parent("tracecontext,b3multi", &garbage), PROXY);
}

#[test]
fn family_that_is_not_listed_is_not_read() {
    let lines = [("traceparent", &*traceparent(SENDER)), ("b3", "1")];
    for list in ["b3", "b3multi", "baggage", "none"] {
        let context = propagators(list).extract(&headers(&lines));
        assert!(!span(&context).is_valid(), "{list}");
    }
    assert!(forwarded("none", &lines).is_empty());
}

#[test]
fn both_families_are_written_from_the_same_span_with_its_stamp() {
    let sent = forwarded(
        "tracecontext,baggage,b3multi",
        &[("traceparent", &traceparent(PROXY))],
    );
    let expected = headers(&[
        ("traceparent", &traceparent(PROXY)),
        ("tracestate", &format!("widgetario={PROXY}")),
        ("x-b3-traceid", TRACE),
        ("x-b3-spanid", PROXY),
        ("x-b3-sampled", "1"),
    ]);
    assert_eq!(sent, expected);
}

#[test]
fn stamp_is_replaced_and_never_makes_a_33rd_entry() {
    let others: Vec<String> = (0..32).map(|n| format!("k{n}=v")).collect();
    let arrived = others.join(",");
    let sent = forwarded(
        "tracecontext",
        &[
            ("traceparent", &traceparent(PROXY)),
            ("tracestate", &arrived),
        ],
    );
    let entries: Vec<&str> = sent["tracestate"].to_str().unwrap().split(',').collect();
    assert_eq!(entries.len(), 32);
    assert_eq!(entries[0], format!("widgetario={PROXY}"));
    assert_eq!(entries[1..], others[..31]);

    let sent = forwarded(
        "tracecontext",
        &[
            ("traceparent", &traceparent(PROXY)),
            ("tracestate", &format!("a=1,{STAMP},b=2")),
        ],
    );
    assert_eq!(sent["tracestate"], format!("widgetario={PROXY},a=1,b=2"));
}

#[test]
fn tracestate_is_kept_when_the_fresher_family_is_b3_of_the_same_trace() {
    let state = format!("{STAMP},vendor=1");
    let lines = |trace: &'static str| {
        let lines = [
            ("traceparent", traceparent(SENDER)),
            ("tracestate", state.clone()),
            ("x-b3-traceid", trace.to_owned()),
            ("x-b3-spanid", PROXY.to_owned()),
        ];
        let lines = lines
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        extract(&lines).trace_state().header()
    };
    assert_eq!(lines(TRACE), "vendor=1");
    assert_eq!(lines("80f198ee56343ba864fe8b2a57d3eff7"), "");
}

#[test]
fn list_of_propagators_is_checked() {
    for list in ["", "jaeger", "tracecontext,xray", "none,b3"] {
        assert!(
            list.parse::<chassis::propagation::Propagators>().is_err(),
            "{list}"
        );
    }
}
