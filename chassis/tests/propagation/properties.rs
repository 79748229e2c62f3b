//! `CASES=1000000 cargo test -p chassis --release --test propagation properties` takes some minutes.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;

use crate::{extract, propagators, span};

fn cases() -> ProptestConfig {
    let cases = std::env::var("CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(2000),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

const NAMES: [&str; 8] = [
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-sampled",
    "x-b3-flags",
];

/// Anything that a header may hold, often nearly right.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..80),
        "[0-9a-f]{2}-[0-9a-f]{31,33}-[0-9a-f]{15,17}-[0-9a-f]{1,3}".prop_map(String::into_bytes),
        "[0-9a-f]{15,33}-[0-9a-f]{15,17}(-[01d])?(-[0-9a-f]{16})?".prop_map(String::into_bytes),
        "[0-9a-f]{16}([0-9a-f]{16})?".prop_map(String::into_bytes),
        "widgetario=[0-9a-f]{16}(,[a-z]=[ -~]{0,9}){0,3}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_bytes_give_a_valid_span_or_none(
        lines in vec((0..NAMES.len(), value()), 0..10),
        list in prop::sample::select(vec!["tracecontext,baggage,b3multi", "b3,tracecontext", "b3multi"]),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(HeaderName::from_static(NAMES[name]), value);
            }
        }
        let propagators = propagators(list);
        let context = propagators.extract(&headers);
        if context.has_active_span() {
            prop_assert!(span(&context).is_valid());
        }
        propagators.inject(&context, &mut HeaderMap::new());
    }

    #[test]
    fn family_that_differs_from_the_stamp_is_the_parent(
        trace in 1..=u128::MAX,
        w3c in 1..=3_u64,
        b3 in 1..=3_u64,
        stamp in 1..=3_u64,
    ) {
        let fresh = if w3c == stamp && b3 != stamp { b3 } else { w3c };
        let lines = [
            ("traceparent", format!("00-{trace:032x}-{w3c:016x}-01")),
            ("tracestate", format!("widgetario={stamp:016x}")),
            ("x-b3-traceid", format!("{trace:032x}")),
            ("x-b3-spanid", format!("{b3:016x}")),
        ];
        let lines = lines.each_ref().map(|(name, value)| (*name, value.as_str()));
        prop_assert_eq!(extract(&lines).span_id(), SpanId::from(fresh));
    }

    #[test]
    fn what_is_written_is_read_back(
        trace in 1..=u128::MAX,
        id in 1..=u64::MAX,
        sampled: bool,
        state in hash_map("[a-z][a-z0-9]{0,9}", "[a-z0-9]{1,9}", 0..4),
        list in prop::sample::select(vec![
            "tracecontext", "b3", "b3multi", "tracecontext,baggage,b3multi", "b3,tracecontext",
        ]),
    ) {
        let state = TraceState::from_key_value(state).unwrap();
        let state = if list.contains("tracecontext") { state } else { TraceState::NONE };
        let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let sent = SpanContext::new(TraceId::from(trace), SpanId::from(id), flags, true, state);
        let mut headers = HeaderMap::new();
        let propagators = propagators(list);
        propagators.inject(&Context::new().with_remote_span_context(sent.clone()), &mut headers);
        prop_assert_eq!(span(&propagators.extract(&headers)), sent);
    }
}
