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
        format!("0-{TRACE}-{SPAN}-01"),
        format!("000-{TRACE}-{SPAN}-01"),
        format!("00-{}-{SPAN}-01", &TRACE[1..]),
        format!("00-0{TRACE}-{SPAN}-01"),
        format!("00-{TRACE}-{}-01", &SPAN[2..]),
        format!("00-{TRACE}-{SPAN}-1"),
        format!("00-{TRACE}-{SPAN}-001"),
        format!("00-{TRACE}-{SPAN}-01-"),
        format!("00-+{}-{SPAN}-01", &TRACE[1..]),
    ] {
        assert!(!extract(&[("traceparent", &value)]).is_valid(), "{value}");
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
    let many: Vec<String> = (0..33).map(|n| format!("k{n}=v")).collect();
    for state in [
        "no-value",
        "UPPER=1",
        &long,
        "a=1,b",
        "a=",
        "=1",
        "a==1",
        "a=1\t2",
        &many.join(","),
    ] {
        let span = extract(&[("traceparent", &valid()), ("tracestate", state)]);
        assert!(span.is_valid(), "{state}");
        assert_eq!(span.trace_state().header(), "", "{state}");
    }
}

#[test]
fn baggage_is_passed_on_as_it_is() {
    for list in [
        "token=dG9rZW4=,pct=%2541,a=1;p=x%2Cadmin=1,b=2;q=1".to_owned(),
        (0..64)
            .map(|n| format!("k{n}={}", "v".repeat(100)))
            .collect::<Vec<_>>()
            .join(","),
    ] {
        let sent = forwarded("baggage", &[("baggage", &list)]);
        assert_eq!(sent["baggage"], *list);
    }
}

#[test]
fn baggage_is_cut_at_64_members_and_8192_bytes() {
    let many: Vec<String> = (0..65).map(|n| format!("k{n}=v")).collect();
    let sent = forwarded("baggage", &[("baggage", &many.join(","))]);
    assert_eq!(sent["baggage"], many[..64].join(","));

    let long: Vec<String> = (0..10)
        .map(|n| format!("k{n}={}", "v".repeat(1000)))
        .collect();
    let sent = forwarded("baggage", &[("baggage", &long.join(","))]);
    assert_eq!(sent["baggage"], long[..8].join(","));
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
