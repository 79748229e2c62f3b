//! Which spans are recorded: OpenTelemetry's samplers, and what B3 knows beyond them.

use clap::ValueEnum;
use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{
    Sampler as Standard, SamplingDecision, SamplingResult, ShouldSample,
};

use crate::propagation::Sampling;

/// The values of `OTEL_TRACES_SAMPLER`.
#[derive(ValueEnum, Clone, Copy, Debug)]
#[value(rename_all = "snake_case")]
pub enum SamplerName {
    AlwaysOn,
    AlwaysOff,
    #[value(name = "traceidratio")]
    TraceIdRatio,
    #[value(name = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    #[value(name = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    #[value(name = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

/// A standard sampler that records every trace with B3's debug flag. When it follows the parent, it
/// also respects deferred decisions, and decisions about traces that have not begun yet.
#[derive(Clone, Debug)]
pub(crate) struct Sampler(Standard);

impl Sampler {
    pub(crate) fn new(name: SamplerName, ratio: f64) -> Self {
        let below = |root| Standard::ParentBased(Box::new(root));
        Self(match name {
            SamplerName::AlwaysOn => Standard::AlwaysOn,
            SamplerName::AlwaysOff => Standard::AlwaysOff,
            SamplerName::TraceIdRatio => Standard::TraceIdRatioBased(ratio),
            SamplerName::ParentBasedAlwaysOn => below(Standard::AlwaysOn),
            SamplerName::ParentBasedAlwaysOff => below(Standard::AlwaysOff),
            SamplerName::ParentBasedTraceIdRatio => below(Standard::TraceIdRatioBased(ratio)),
        })
    }
}

impl ShouldSample for Sampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let ask = |parent| {
            self.0
                .should_sample(parent, trace_id, name, kind, attributes, links)
        };
        let Some(context) = parent else {
            return ask(None);
        };
        let span = context.span().span_context().clone();
        let is_ours = span.is_valid() && !span.is_remote();
        let follows_parent = matches!(self.0, Standard::ParentBased(_)) && !is_ours;
        let mut result = match (context.get::<Sampling>(), span.is_valid()) {
            (Some(Sampling::Debug), _) => decided(SamplingDecision::RecordAndSample),
            (Some(Sampling::Deferred), true) if follows_parent => ask(None),
            (Some(Sampling::Accept), false) if follows_parent => {
                decided(SamplingDecision::RecordAndSample)
            }
            (Some(Sampling::Deny), false) if follows_parent => decided(SamplingDecision::Drop),
            _ => ask(parent),
        };
        result.trace_state = span.trace_state().clone();
        result
    }
}

fn decided(decision: SamplingDecision) -> SamplingResult {
    SamplingResult {
        decision,
        attributes: Vec::new(),
        trace_state: opentelemetry::trace::TraceState::NONE,
    }
}
