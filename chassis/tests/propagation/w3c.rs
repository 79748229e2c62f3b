//! The rules of <https://www.w3.org/TR/trace-context/> and <https://www.w3.org/TR/baggage/>.

use crate::{extract, forwarded};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

fn valid() -> String {
    format!("00-{TRACE}-{SPAN}-01")
}

#[test]
fn traceparent_is_read() {
    let span = extract(&[("traceparent", &valid())]);
    assert_eq!(span.trace_id().to_string(), TRACE);
    assert_eq!(span.span_id().to_string(), SPAN);
    assert!(span.is_sampled() && span.is_remote());
    assert!(!extract(&[("traceparent", &format!("00-{TRACE}-{SPAN}-00"))]).is_sampled());
}

#[test]
fn later_versions_are_read_by_their_known_fields() {
    for value in [
        format!("01-{TRACE}-{SPAN}-01"),
        format!("cc-{TRACE}-{SPAN}-01-what-next"),
    ] {
        assert!(extract(&[("traceparent", &value)]).is_valid(), "{value}");
    }
}

#[test]
fn invalid_traceparent_is_no_parent() {
    let zeros = "0".repeat(32);
    for value in [
        String::new(),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("00-{zeros}-{SPAN}-01"),
        format!("00-{TRACE}-{}-01", &zeros[..16]),
        format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
        format!("00-{TRACE}-{}-01", SPAN.to_uppercase()),
        format!("00-{TRACE}-{SPAN}-01-more"),
        format!("00-{TRACE}-{SPAN}"),
        format!("00-{TRACE}-{SPAN}-0x"),
        format!("zz-{TRACE}-{SPAN}-01"),
    ] {
        assert!(!extract(&[("traceparent", &value)]).is_valid(), "{value}");
    }
}

/// Known and listed in the module's description; when the SDK becomes strict, this says so.
#[test]
fn sdk_takes_what_the_recommendation_calls_invalid() {
    for value in [
        format!("00-{}-{SPAN}-01", &TRACE[1..]),
        format!("00-{TRACE}-{}-01", &SPAN[2..]),
        format!("00-{TRACE}-{SPAN}-1"),
        format!("00-{TRACE}-{SPAN}-01-"),
        format!("00-+{}-{SPAN}-01", &TRACE[1..]),
    ] {
        assert!(extract(&[("traceparent", &value)]).is_valid(), "{value}");
    }
}

#[test]
fn second_traceparent_makes_both_invalid() {
    let other = format!("00-{TRACE}-b7ad6b7169203331-01");
    assert!(!extract(&[("traceparent", &valid()), ("traceparent", &other)]).is_valid());
}

#[test]
fn lines_of_tracestate_are_one_list() {
    let span = extract(&[
        ("traceparent", &valid()),
        ("tracestate", "a=1, b=2"),
        ("tracestate", "c=3"),
    ]);
    assert_eq!(span.trace_state().header(), "a=1,b=2,c=3");
}

#[test]
fn invalid_tracestate_costs_itself_but_not_the_parent() {
    let long = format!("{}=v", "k".repeat(257));
    for state in ["no-value", "UPPER=1", long.as_str(), "a=1,b"] {
        let span = extract(&[("traceparent", &valid()), ("tracestate", state)]);
        assert!(span.is_valid(), "{state}");
        assert_eq!(span.trace_state().header(), "", "{state}");
    }
}

#[test]
fn baggage_is_passed_on_within_its_limits() {
    let member = |n: usize| format!("k{n:02}={}", "v".repeat(100));
    let arrived: Vec<String> = (0..64).map(member).collect();
    let sent = forwarded("baggage", &[("baggage", &arrived.join(","))]);
    let sent = sent["baggage"].to_str().unwrap();
    let mut members: Vec<&str> = sent.split(',').collect();
    members.sort_unstable();
    assert_eq!(members, arrived);
    assert!(sent.len() <= 8192);
}

#[test]
fn baggage_keeps_64_members_and_none_when_it_is_over_long() {
    let many: Vec<String> = (0..65).map(|n| format!("k{n:02}=v")).collect();
    let sent = forwarded("baggage", &[("baggage", &many.join(","))]);
    let mut members: Vec<&str> = sent["baggage"].to_str().unwrap().split(',').collect();
    members.sort_unstable();
    assert_eq!(members, many[..64]);

    let long: Vec<String> = (0..10)
        .map(|n| format!("k{n}={}", "v".repeat(1000)))
        .collect();
    let sent = forwarded("baggage", &[("baggage", &long.join(","))]);
    assert!(!sent.contains_key("baggage"), "{sent:?}");
}

#[test]
fn tracestate_within_its_limits_is_passed_on_whole() {
    let longest = format!("{}={}", "k".repeat(256), "v".repeat(256));
    let many: Vec<String> = (0..31).map(|n| format!("k{n}=v")).collect();
    for state in [longest, many.join(",")] {
        let sent = forwarded(
            "tracecontext",
            &[("traceparent", &valid()), ("tracestate", &state)],
        );
        let expected = format!("widgetario={SPAN},{state}");
        assert_eq!(sent["tracestate"], expected);
    }
}

#[test]
fn tracestate_of_more_than_32_entries_never_leaves() {
    let many: Vec<String> = (0..33).map(|n| format!("k{n}=v")).collect();
    let sent = forwarded(
        "tracecontext",
        &[("traceparent", &valid()), ("tracestate", &many.join(","))],
    );
    let state = sent["tracestate"].to_str().unwrap();
    assert!(state.split(',').count() <= 32, "{state}");
}
