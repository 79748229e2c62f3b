//! The examples of <https://github.com/openzipkin/b3-propagation>.

use crate::{extract, forwarded, headers};

const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
const SHORT: &str = "64fe8b2a57d3eff7";
const SPAN: &str = "e457b5a2e4d86bd1";
const PARENT: &str = "05e3ac9a4f6e3b90";

#[test]
fn single_header_is_read_in_each_length() {
    for (value, sampled) in [
        (format!("{TRACE}-{SPAN}-1-{PARENT}"), true),
        (format!("{TRACE}-{SPAN}-d-{PARENT}"), true),
        (format!("{TRACE}-{SPAN}-0-{PARENT}"), false),
        (format!("{TRACE}-{SPAN}-1"), true),
        (format!("{TRACE}-{SPAN}-0"), false),
        (format!("{TRACE}-{SPAN}-d"), true),
        (format!("{TRACE}-{SPAN}"), false), // deferred: ours to decide
    ] {
        let span = extract(&[("b3", &value)]);
        assert_eq!(span.trace_id().to_string(), TRACE, "{value}");
        assert_eq!(span.span_id().to_string(), SPAN, "{value}");
        assert_eq!(span.is_sampled(), sampled, "{value}");
        assert!(span.is_remote());
    }
}

#[test]
fn multiple_headers_are_read() {
    let ids = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
    for (name, value, sampled) in [
        ("x-b3-sampled", "1", true),
        ("x-b3-sampled", "true", true),
        ("x-b3-sampled", "0", false),
        ("x-b3-sampled", "false", false),
        ("x-b3-flags", "1", true),
        ("x-b3-parentspanid", PARENT, false), // deferred
    ] {
        let span = extract(&[ids[0], ids[1], (name, value)]);
        assert_eq!(span.trace_id().to_string(), TRACE);
        assert_eq!(span.span_id().to_string(), SPAN);
        assert_eq!(span.is_sampled(), sampled, "{name}: {value}");
    }
}

#[test]
fn trace_id_of_64_bits_is_padded() {
    let span = extract(&[("b3", &format!("{SHORT}-{SPAN}-1"))]);
    assert_eq!(
        span.trace_id().to_string(),
        format!("0000000000000000{SHORT}")
    );
    let span = extract(&[("x-b3-traceid", SHORT), ("x-b3-spanid", SPAN)]);
    assert_eq!(
        span.trace_id().to_string(),
        format!("0000000000000000{SHORT}")
    );
}

#[test]
fn single_header_wins_over_multiple() {
    let single = format!("{TRACE}-{SPAN}-1");
    let span = extract(&[
        ("b3", &single),
        ("x-b3-traceid", SHORT),
        ("x-b3-spanid", PARENT),
        ("x-b3-sampled", "0"),
    ]);
    assert_eq!(span.span_id().to_string(), SPAN);
    assert!(span.is_sampled());
}

#[test]
fn single_header_that_a_proxy_passed_on_is_stale() {
    let single = format!("{TRACE}-{SPAN}-1");
    let multiple = [("x-b3-traceid", TRACE), ("x-b3-spanid", PARENT)];
    let span = extract(&[("b3", &single), multiple[0], multiple[1]]);
    assert_eq!(span.span_id().to_string(), PARENT);
}

#[test]
fn malformed_headers_are_no_parent() {
    let zeros = "0".repeat(32);
    for value in [
        String::new(),
        "1-".into(),
        "2".into(),
        "dd".into(),
        TRACE.into(),
        format!("{TRACE}-"),
        format!("{TRACE}-{SPAN}-"),
        format!("{TRACE}-{SPAN}-2"),
        format!("{TRACE}-{SPAN}-1-{PARENT}-0"),
        format!("{TRACE}-{SPAN}-1-x"),
        format!("{TRACE}0-{SPAN}-1"),
        format!("{}-{SPAN}-1", &TRACE[1..]),
        format!("{TRACE}-{}-1", &SPAN[1..]),
        format!("{}-{SPAN}-1", TRACE.to_uppercase()),
        format!("+{}-{SPAN}-1", &TRACE[1..]),
        format!("{zeros}-{SPAN}-1"),
        format!("{TRACE}-{}-1", &zeros[..16]),
    ] {
        assert!(!extract(&[("b3", &value)]).is_valid(), "{value}");
    }
    assert!(!extract(&[("x-b3-traceid", TRACE)]).is_valid());
    assert!(!extract(&[("x-b3-spanid", SPAN)]).is_valid());
}

#[test]
fn everything_but_the_parents_id_is_passed_on() {
    for (arrived, sent) in [
        (
            format!("{TRACE}-{SPAN}-1-{PARENT}"),
            format!("{TRACE}-{SPAN}-1"),
        ),
        (format!("{TRACE}-{SPAN}-0"), format!("{TRACE}-{SPAN}-0")),
        (format!("{TRACE}-{SPAN}-d"), format!("{TRACE}-{SPAN}-d")),
        (format!("{TRACE}-{SPAN}"), format!("{TRACE}-{SPAN}")),
        ("0".into(), "0".into()),
        ("1".into(), "1".into()),
        ("d".into(), "d".into()),
    ] {
        assert_eq!(
            forwarded("b3", &[("b3", &arrived)]),
            headers(&[("b3", &sent)])
        );
    }
}

#[test]
fn multiple_headers_are_written_by_default() {
    let ids = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
    for (arrived, state) in [
        (format!("{TRACE}-{SPAN}-1"), Some(("x-b3-sampled", "1"))),
        (format!("{TRACE}-{SPAN}-0"), Some(("x-b3-sampled", "0"))),
        (format!("{TRACE}-{SPAN}-d"), Some(("x-b3-flags", "1"))),
        (format!("{TRACE}-{SPAN}"), None),
    ] {
        let sent: Vec<_> = ids.into_iter().chain(state).collect();
        assert_eq!(forwarded("b3multi", &[("b3", &arrived)]), headers(&sent));
    }
}

#[test]
fn nothing_is_written_without_a_span() {
    assert!(forwarded("tracecontext,baggage,b3,b3multi", &[]).is_empty());
}

#[test]
fn debug_flag_goes_on_where_w3c_is_the_parent() {
    let lines = [
        (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
        ("x-b3-traceid", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("x-b3-spanid", "00f067aa0ba902b7"),
        ("x-b3-flags", "1"),
    ];
    let sent = forwarded("tracecontext,baggage,b3multi", &lines);
    assert_eq!(sent["x-b3-flags"], "1");
}

#[test]
fn several_headers_count_where_the_single_one_names_no_span() {
    for single in ["1", "d", "0"] {
        let span = extract(&[
            ("b3", single),
            ("x-b3-traceid", "4bf92f3577b34da6a3ce929d0e0e4736"),
            ("x-b3-spanid", "00f067aa0ba902b7"),
            ("x-b3-sampled", "1"),
        ]);
        assert!(span.is_valid() && span.is_sampled(), "{single}");
    }
}

#[test]
fn deferred_decision_goes_on_in_b3_alone() {
    let b3 = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
    let sent = forwarded("tracecontext,b3,b3multi", &[("b3", b3)]);
    let expected = headers(&[
        ("b3", b3),
        ("x-b3-traceid", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("x-b3-spanid", "00f067aa0ba902b7"),
    ]);
    assert_eq!(sent, expected);
}
