//! Spans as OTLP sends them: the protobuf message `ExportTraceServiceRequest`
//! (<https://opentelemetry.io/docs/specs/otlp/>, field numbers from `trace.proto` and `common.proto`
//! of <https://github.com/open-telemetry/opentelemetry-proto>).
//!
//! The crate for it copies each span into structures of its own first, which costs more than all else
//! that a span costs together; here each is written once, into the bytes that are sent.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{Array, InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;

use crate::telemetry::protobuf::Message;

/// Bits of a span's flags beyond W3C's: whether its parent is remote is known, and it is.
const IS_REMOTE_KNOWN: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// The request that exports `spans`, which all are of this process's one scope.
pub(super) fn request(resource: &Resource, spans: &[SpanData]) -> Vec<u8> {
    // A span of a request takes about 500 bytes.
    let mut request = Message::with_capacity(1024 + 600 * spans.len());
    request.message(1, |resource_spans| {
        resource_spans.message(1, |message| {
            for (key, value) in resource {
                attribute(message, 1, key.as_str(), value);
            }
        });
        resource_spans.message(2, |scope_spans| {
            if let Some(first) = spans.first() {
                scope_spans.message(1, |message| scope(message, &first.instrumentation_scope));
            }
            for one in spans {
                scope_spans.message(2, |message| span(message, one));
            }
        });
    });
    request.into_bytes()
}

fn scope(message: &mut Message, scope: &InstrumentationScope) {
    message.bytes(1, scope.name().as_bytes());
    message.bytes(2, scope.version().unwrap_or_default().as_bytes());
}

fn span(message: &mut Message, span: &SpanData) {
    identity(message, &span.span_context);
    if span.parent_span_id != SpanId::INVALID {
        message.bytes(4, &span.parent_span_id.to_bytes());
    }
    message.bytes(5, span.name.as_bytes());
    message.number(6, kind(&span.span_kind));
    message.fixed64(7, nanoseconds(span.start_time));
    message.fixed64(8, nanoseconds(span.end_time));
    attributes(message, 9, &span.attributes);
    message.number(10, span.dropped_attributes_count.into());
    for one in span.events.iter() {
        message.message(11, |message| event(message, one));
    }
    message.number(12, span.events.dropped_count.into());
    for one in span.links.iter() {
        message.message(13, |message| link(message, one));
    }
    message.number(14, span.links.dropped_count.into());
    message.message(15, |message| status(message, &span.status));
    message.fixed32(16, flags(&span.span_context, span.parent_span_is_remote));
}

fn identity(message: &mut Message, context: &SpanContext) {
    message.bytes(1, &context.trace_id().to_bytes());
    message.bytes(2, &context.span_id().to_bytes());
    message.bytes(3, context.trace_state().header().as_bytes());
}

fn kind(kind: &SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn event(message: &mut Message, event: &Event) {
    message.fixed64(1, nanoseconds(event.timestamp));
    message.bytes(2, event.name.as_bytes());
    attributes(message, 3, &event.attributes);
    message.number(4, event.dropped_attributes_count.into());
}

fn link(message: &mut Message, link: &Link) {
    identity(message, &link.span_context);
    attributes(message, 4, &link.attributes);
    message.number(5, link.dropped_attributes_count.into());
    message.fixed32(6, flags(&link.span_context, link.span_context.is_remote()));
}

fn status(message: &mut Message, status: &Status) {
    match status {
        Status::Unset => {}
        Status::Ok => message.number(3, 1),
        Status::Error { description } => {
            message.bytes(2, description.as_bytes());
            message.number(3, 2);
        }
    }
}

fn flags(context: &SpanContext, is_remote: bool) -> u32 {
    let remote = if is_remote { IS_REMOTE } else { 0 };
    u32::from(context.trace_flags().to_u8()) | IS_REMOTE_KNOWN | remote
}

fn attributes(message: &mut Message, field: u32, attributes: &[KeyValue]) {
    for KeyValue { key, value, .. } in attributes {
        attribute(message, field, key.as_str(), value);
    }
}

fn attribute(message: &mut Message, field: u32, key: &str, value: &Value) {
    message.message(field, |message| {
        message.bytes(1, key.as_bytes());
        message.message(2, |message| any_value(message, value));
    });
}

/// `AnyValue`: exactly one of its fields is there, even when it is 0 or empty.
fn any_value(message: &mut Message, value: &Value) {
    match value {
        Value::Bool(value) => message.present_number(2, (*value).into()),
        Value::I64(value) => message.present_number(3, value.cast_unsigned()),
        Value::F64(value) => message.fixed64(4, value.to_bits()),
        Value::Array(array) => message.message(5, |message| array_value(message, array)),
        Value::String(text) => message.present_bytes(1, text.as_str().as_bytes()),
        other => message.present_bytes(1, other.as_str().as_bytes()),
    }
}

fn array_value(message: &mut Message, array: &Array) {
    let mut add = |value: Value| message.message(1, |message| any_value(message, &value));
    match array {
        Array::Bool(values) => values.iter().for_each(|value| add((*value).into())),
        Array::I64(values) => values.iter().for_each(|value| add((*value).into())),
        Array::F64(values) => values.iter().for_each(|value| add((*value).into())),
        Array::String(values) => values.iter().for_each(|value| add(value.clone().into())),
        _ => {}
    }
}

/// Nanoseconds since 1970.
fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use opentelemetry::trace::{TraceFlags, TraceId, TraceState};
    use opentelemetry_proto::tonic::trace::v1::TracesData;
    use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
    use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    /// Values of each kind; empty ones, and those that a message leaves out elsewhere, among them.
    fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e300..1e300).prop_map(Value::F64),
            ".{0,300}".prop_map(Value::from),
            prop::collection::vec(".{0,9}", 0..3).prop_map(|texts| {
                Value::Array(Array::String(texts.into_iter().map(Into::into).collect()))
            }),
            prop::collection::vec(any::<i64>(), 0..3).prop_map(|list| Value::Array(list.into())),
            prop::collection::vec(any::<bool>(), 0..3).prop_map(|list| Value::Array(list.into())),
            prop::collection::vec(-1e9..1e9, 0..3).prop_map(|list| Value::Array(list.into())),
        ]
    }

    fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
        let attribute = ("[a-z.]{1,20}", values());
        let attribute = attribute.prop_map(|(key, value)| KeyValue::new(key, value));
        prop::collection::vec(attribute, 0..8)
    }

    fn contexts() -> impl Strategy<Value = SpanContext> {
        let ids = (any::<u128>(), any::<u64>(), any::<bool>(), any::<bool>());
        ids.prop_map(|(trace, span, is_sampled, is_remote)| {
            let flags = TraceFlags::default().with_sampled(is_sampled);
            let state = TraceState::from_key_value([("widgetario", "1"), ("other", "2")]);
            let state = if is_remote {
                state.unwrap()
            } else {
                TraceState::NONE
            };
            let (trace, span) = (TraceId::from(trace), SpanId::from(span));
            SpanContext::new(trace, span, flags, is_remote, state)
        })
    }

    fn statuses() -> impl Strategy<Value = Status> {
        prop_oneof![
            Just(Status::Unset),
            Just(Status::Ok),
            ".{0,200}".prop_map(Status::error),
        ]
    }

    fn kinds() -> impl Strategy<Value = SpanKind> {
        prop_oneof![
            Just(SpanKind::Internal),
            Just(SpanKind::Server),
            Just(SpanKind::Client),
            Just(SpanKind::Producer),
            Just(SpanKind::Consumer),
        ]
    }

    prop_compose! {
        fn spans()(
            (span_context, linked) in (contexts(), contexts()),
            parent in prop_oneof![Just(0), any::<u64>()],
            parent_span_is_remote in any::<bool>(),
            (span_kind, status) in (kinds(), statuses()),
            name in ".{0,40}",
            nanoseconds in 0..=i64::MAX.cast_unsigned(),
            (attributes, of_event, of_link) in (attributes(), attributes(), attributes()),
            (dropped_attributes_count, dropped_count) in (any::<u32>(), any::<u32>()),
        ) -> SpanData {
            let start_time = UNIX_EPOCH + Duration::from_nanos(nanoseconds);
            let mut events = SpanEvents::default();
            events.events = vec![Event::new("event", start_time, of_event, 3)];
            events.dropped_count = dropped_count;
            let mut links = SpanLinks::default();
            links.links = vec![Link::new(linked, of_link, 4)];
            SpanData {
                span_context,
                parent_span_id: SpanId::from(parent),
                parent_span_is_remote,
                span_kind,
                name: name.into(),
                start_time,
                end_time: start_time + Duration::from_millis(1),
                attributes,
                dropped_attributes_count,
                events,
                links,
                status,
                instrumentation_scope: InstrumentationScope::builder("shop").with_version("1").build(),
            }
        }
    }

    proptest! {
        #[test]
        fn request_says_what_the_reference_says(
            spans in prop::collection::vec(spans(), 1..4),
            resource in attributes(),
        ) {
            let resource = Resource::builder_empty().with_attributes(resource).build();
            let bytes = request(&resource, &spans);
            let resource = ResourceAttributesWithSchema::from(&resource);
            let resource_spans = group_spans_by_resource_and_scope(spans, &resource);
            let expected = TracesData { resource_spans };
            prop_assert_eq!(TracesData::decode(bytes.as_slice()).unwrap(), expected);
        }
    }
}
