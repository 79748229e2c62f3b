//! How the spans that every request passes are opened: by OpenTelemetry's own API, because a span by
//! `tracing` costs three times as much. `docs/performance.md` has the figures.
//!
//! A handler opens spans of its own with `tracing`'s macros and the target [`SPAN`]: they are
//! children of the request's span.

use std::borrow::Cow;

use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};

use crate::telemetry::tracer;

/// The target of spans by `tracing`, by which the log distinguishes them from its lines: a handler
/// opens a span of its own with `tracing::info_span!(target: SPAN, "name", key = value)`.
pub const SPAN: &str = "chassis::span";

/// Opens the span that `builder` describes, below that of `parent`. Returns the context of its work,
/// which is `parent` itself while there is no SDK; then `builder` is not called.
pub(super) fn open(parent: Context, builder: impl FnOnce() -> SpanBuilder) -> Context {
    let Some(tracer) = tracer() else {
        return parent;
    };
    let span = tracer.build_with_context(builder(), &parent);
    parent.with_span(span)
}

/// Opens the span of a call or statement below the current one. Returns the context of its work; the
/// span ends with the last copy of it.
#[cfg(any(feature = "client", feature = "database"))]
pub(crate) fn client_span(
    name: impl Into<Cow<'static, str>>,
    attributes: impl FnOnce() -> Vec<KeyValue>,
) -> Context {
    open(Context::current(), || SpanBuilder {
        name: name.into(),
        span_kind: Some(SpanKind::Client),
        attributes: Some(attributes()),
        ..SpanBuilder::default()
    })
}

/// Records on the span of `context` why its work failed: `error.type`, and a sentence.
pub(crate) fn failed(
    context: &Context,
    error_type: impl Into<Cow<'static, str>>,
    description: impl Into<Cow<'static, str>>,
) {
    let span = context.span();
    span.set_attribute(KeyValue::new("error.type", error_type.into()));
    span.set_status(Status::error(description));
}

/// Records on the span under way whether its answer came from a cache.
pub fn cached(hit: bool) {
    let cached = KeyValue::new("widgetario.cached", hit);
    Context::map_current(|context| context.span().set_attribute(cached));
}
