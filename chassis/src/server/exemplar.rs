//! The way from a measurement to its trace.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, TraceContextExt, TraceId};
use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};

/// The span of a request that was measured, as an exemplar names it
/// (<https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#exemplars>).
#[derive(Clone, Debug)]
pub(super) struct Exemplar {
    trace_id: TraceId,
    span_id: SpanId,
}

impl Exemplar {
    /// The exemplar of a request that was served in `context`; none unless its trace is recorded, as
    /// OpenTelemetry's filter `trace_based` has it.
    pub(super) fn of(context: &Context) -> Option<Self> {
        let span = context.span();
        let span = span.span_context();
        (span.is_sampled() && span.is_valid()).then(|| Self {
            trace_id: span.trace_id(),
            span_id: span.span_id(),
        })
    }
}

impl EncodeLabelSet for Exemplar {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        let (trace, span) = (self.trace_id.to_string(), self.span_id.to_string());
        ("trace_id", trace).encode(encoder.encode_label())?;
        ("span_id", span).encode(encoder.encode_label())
    }
}
