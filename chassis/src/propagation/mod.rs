//! Which trace a request belongs to, read from its headers and written to those of each call.
//!
//! Two families of headers carry it: W3C's (`traceparent`, `tracestate`) and Zipkin's (B3). A
//! service writes both, from the same span. A proxy on the way inserts its own span, but rewrites
//! only the family that its tracer speaks; the other passes through, stale:
//!
//! ```text
//! web                        its proxy (W3C)              its proxy (Zipkin)
//! traceparent  …-w-01        traceparent  …-p-01          traceparent  …-w-01   stale
//! x-b3-spanid  w             x-b3-spanid  w      stale    x-b3-spanid  p
//! tracestate   widgetario=w  tracestate   widgetario=w    tracestate   widgetario=w
//! ```
//!
//! So the sender stamps its span's id (`w`) into `tracestate`, and the reader takes the family
//! whose span is *not* the stamped one: it is fresher. When neither differs, no proxy was in
//! between. When both differ, most likely one proxy rewrote both. A request without a stamp comes
//! from outside. In these three cases the first valid family in the order of `OTEL_PROPAGATORS`
//! counts. (Two proxies in a row, one for each family, are not supported: one of them gets no
//! child.)
//!
//! W3C's headers are checked here and then read by OpenTelemetry's SDK. The SDK lacks two things of
//! the recommendation's second level: it drops the random flag, and a `tracestate` with an `@` in a
//! key where the first level forbids it.

mod b3;
mod carrier;
pub(crate) mod forwarded;
mod ids;

use std::fmt::Write;
use std::str::FromStr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::propagation::TraceContextPropagator;

use crate::propagation::b3::B3;
pub use crate::propagation::b3::Sampling;
use crate::propagation::carrier::{Baggage, Incoming};
use crate::propagation::ids::Ids;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// The `tracestate` key of our stamp.
const STAMP: &str = "widgetario";

/// The formats of `OTEL_PROPAGATORS`, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Propagators(Arc<[Format]>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    TraceContext,
    Baggage,
    B3Single,
    B3Multi,
}

impl FromStr for Propagators {
    type Err = &'static str;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        if list.trim().eq_ignore_ascii_case("none") {
            return Ok(Self(Arc::default()));
        }
        let format = |name: &str| match name.trim().to_lowercase().as_str() {
            "tracecontext" => Ok(Format::TraceContext),
            "baggage" => Ok(Format::Baggage),
            "b3" => Ok(Format::B3Single),
            "b3multi" => Ok(Format::B3Multi),
            _ => Err("none, or a list of tracecontext, baggage, b3, b3multi"),
        };
        list.split(',')
            .map(format)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Propagators {
    /// The context that `headers` carry: a remote span, baggage, and B3's sampling state.
    pub fn extract(&self, headers: &HeaderMap) -> Context {
        let mut context = Context::new();
        // One look at each name costs less than a search for each of ours.
        if !headers.keys().any(is_ours) {
            return context;
        }
        let incoming = Incoming::new(headers);
        // Baggage belongs to no span: it is passed on whatever happens to the trace.
        if self.0.contains(&Format::Baggage)
            && let Some(baggage) = Baggage::read(headers)
        {
            context = context.with_value(baggage);
        }
        let reads_w3c = self.0.contains(&Format::TraceContext);
        let w3c = reads_w3c.then(|| w3c(&incoming)).flatten();
        let b3 = self.reads_b3().then(|| b3::read(headers)).flatten();
        // B3's ids count when W3C has none, or when they are the fresher ones.
        let is_parent = |&(_, span): &(TraceId, SpanId)| {
            w3c.as_ref().is_none_or(|w3c| self.prefers_b3(w3c, span))
        };
        let parent = b3.as_ref().and_then(|b3| b3.ids.filter(is_parent));
        let sampling = b3.as_ref().map(|b3| b3.sampling);
        match (parent.zip(sampling), w3c.as_ref(), sampling) {
            (Some(((trace, span), sampling)), w3c, _) => {
                // B3 has no place for `tracestate`. W3C's is passed on if it is of the same trace,
                // without our stamp, which names the caller's span.
                let w3c = w3c.filter(|w3c| w3c.trace_id() == trace);
                let state = w3c.map(|w3c| unstamped(w3c).trace_state().clone());
                let span = b3_span(trace, span, sampling, state.unwrap_or_default());
                context.with_value(sampling).with_remote_span_context(span)
            }
            (None, Some(w3c), _) => {
                // W3C cannot say "debug", so B3's flag is kept if it is of the same trace.
                let is_same = |b3: &B3| b3.ids.is_some_and(|(trace, _)| trace == w3c.trace_id());
                if b3.is_some_and(|b3| b3.sampling == Sampling::Debug && is_same(&b3)) {
                    context = context.with_value(Sampling::Debug);
                }
                context.with_remote_span_context(unstamped(w3c))
            }
            // A decision about a trace that is yet to begin.
            (None, None, Some(sampling)) => context.with_value(sampling),
            (None, None, None) => context,
        }
    }

    /// Whether B3's span is the parent, rather than W3C's: see the module's description.
    fn prefers_b3(&self, w3c: &SpanContext, b3: SpanId) -> bool {
        let stamp = w3c.trace_state().get(STAMP);
        let is_fresh = |span: SpanId| stamp.is_some_and(|stamp| stamp != span.to_string());
        match (is_fresh(w3c.span_id()), is_fresh(b3)) {
            (true, false) => false,
            (false, true) => true,
            _ => {
                self.0.iter().find(|format| **format != Format::Baggage)
                    != Some(&Format::TraceContext)
            }
        }
    }

    /// Writes `context`'s span, stamped, and its baggage to `headers`.
    pub fn inject(&self, context: &Context, headers: &mut HeaderMap) {
        let (active, arrived) = (context.span(), context.get::<Sampling>().copied());
        let span = active.span_context();
        let (ids, sampling) = (Ids::of(span), sampling(span, arrived));
        // W3C cannot say "deferred": B3 alone passes that on.
        let is_deferred = span.is_remote() && arrived == Some(Sampling::Deferred);
        for format in self.0.iter() {
            match format {
                Format::TraceContext => {
                    if let Some(ids) = ids.as_ref().filter(|_| !is_deferred) {
                        headers.insert(TRACEPARENT, ids.traceparent());
                        headers.extend(stamped(span).map(|state| (TRACESTATE, state)));
                    }
                }
                Format::Baggage => {
                    if let Some(baggage) = context.get::<Baggage>() {
                        baggage.write(headers);
                    }
                }
                Format::B3Single | Format::B3Multi => {
                    if let Some(sampling) = sampling {
                        let is_single = *format == Format::B3Single;
                        b3::write(ids.as_ref(), sampling, is_single, headers);
                    }
                }
            }
        }
    }

    /// The same formats but for baggage, whose values are for the shop's own services
    /// (<https://www.w3.org/TR/baggage/#privacy-considerations>).
    #[must_use]
    pub fn without_baggage(&self) -> Self {
        let others = self.0.iter().filter(|format| **format != Format::Baggage);
        Self(others.copied().collect())
    }

    /// Whether B3 is read: either of its formats in the list turns on both.
    fn reads_b3(&self) -> bool {
        self.0.contains(&Format::B3Single) || self.0.contains(&Format::B3Multi)
    }
}

/// Whether a header says anything of a trace. (`tracestate` alone says nothing.)
fn is_ours(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(name, "traceparent" | "baggage" | "b3") || name.starts_with("x-b3-")
}

fn w3c(incoming: &Incoming) -> Option<SpanContext> {
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), incoming);
    let span = context.span().span_context().clone();
    span.is_valid().then_some(span)
}

/// A B3 parent in OpenTelemetry's form. A deferred decision is taken by the sampler, which reads
/// the [`Sampling`] beside the span.
fn b3_span(trace: TraceId, span: SpanId, sampling: Sampling, state: TraceState) -> SpanContext {
    let flags = match sampling {
        Sampling::Deny | Sampling::Deferred => TraceFlags::default(),
        Sampling::Accept | Sampling::Debug => TraceFlags::SAMPLED,
    };
    SpanContext::new(trace, span, flags, true, state)
}

/// What B3 says of `span`. The sampling state that `arrived` is passed on as it is, unless a span of
/// our own has decided it since.
fn sampling(span: &SpanContext, arrived: Option<Sampling>) -> Option<Sampling> {
    if !span.is_valid() {
        return arrived;
    }
    Some(match (arrived, span.is_sampled()) {
        (Some(sampling), _) if span.is_remote() => sampling,
        (Some(Sampling::Debug), true) => Sampling::Debug,
        (_, true) => Sampling::Accept,
        (_, false) => Sampling::Deny,
    })
}

/// The `tracestate` of `span`, with our stamp.
fn stamped(span: &SpanContext) -> Option<HeaderValue> {
    let (state, id) = (span.trace_state(), span.span_id());
    let list = if *state == TraceState::NONE {
        let mut list = String::with_capacity(STAMP.len() + 17);
        let _ = write!(list, "{STAMP}={id}");
        list
    } else {
        let stamped = state.insert(STAMP, id.to_string());
        stamped.as_ref().unwrap_or(state).header()
    };
    HeaderValue::try_from(list).ok()
}

fn unstamped(span: &SpanContext) -> SpanContext {
    match span.trace_state().delete(STAMP) {
        Ok(state) if !state.header().is_empty() => with_state(span, state),
        _ => with_state(span, TraceState::NONE),
    }
}

fn with_state(span: &SpanContext, state: TraceState) -> SpanContext {
    let (trace, id, flags) = (span.trace_id(), span.span_id(), span.trace_flags());
    SpanContext::new(trace, id, flags, span.is_remote(), state)
}
