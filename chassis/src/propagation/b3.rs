//! B3, Zipkin's headers (<https://github.com/openzipkin/b3-propagation>), single and multiple.
//!
//! This is our own code, because the crate for B3 drops the debug flag and deferred decisions and
//! writes `b3: 0` where there is no span.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanId, TraceId};

use crate::propagation::ids::Ids;

pub(crate) const SINGLE: HeaderName = HeaderName::from_static("b3");
pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-b3-traceid");
pub(crate) const SPAN_ID: HeaderName = HeaderName::from_static("x-b3-spanid");
pub(crate) const SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
pub(crate) const FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");

/// B3's sampling states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// The next service decides.
    Deferred,
    /// Not to be recorded.
    Deny,
    /// To be recorded.
    Accept,
    /// Accept, and do not let any sampler drop it.
    Debug,
}

/// What B3 headers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct B3 {
    /// Absent where only a decision was sent.
    pub(crate) ids: Option<(TraceId, SpanId)>,
    pub(crate) sampling: Sampling,
}

/// Reads `b3`, or else the `x-b3-` headers; `None` when there are none or they are malformed.
///
/// The `x-b3-` headers count when they name a span and `b3` names none, or one of the same trace:
/// Envoy writes only the `x-b3-` headers, and passes on the `b3` that it read, which is then stale.
pub(crate) fn read(headers: &HeaderMap) -> Option<B3> {
    let trace = |b3: &B3| b3.ids.map(|(trace, _)| trace);
    let single = text(headers, &SINGLE).and_then(read_single);
    let multiple = read_multiple(headers);
    let stale = single.as_ref().is_some_and(|single| {
        let fresh = multiple.as_ref().and_then(trace);
        fresh.is_some() && (trace(single).is_none() || trace(single) == fresh)
    });
    if stale { multiple } else { single.or(multiple) }
}

/// `{trace id}-{span id}[-{sampling}[-{parent span id}]]`, or the sampling alone.
fn read_single(value: &str) -> Option<B3> {
    let mut parts = value.split('-');
    let (first, second) = (parts.next()?, parts.next());
    let Some(second) = second else {
        return sampling_of(first).map(|sampling| B3 {
            ids: None,
            sampling,
        });
    };
    let ids = Some((trace_id(first)?, span_id(second)?));
    let sampling = parts.next().map_or(Some(Sampling::Deferred), sampling_of)?;
    let parent_is_valid = parts.next().is_none_or(|parent| span_id(parent).is_some());
    let complete = parent_is_valid && parts.next().is_none();
    complete.then_some(B3 { ids, sampling })
}

fn read_multiple(headers: &HeaderMap) -> Option<B3> {
    let sampling = match text(headers, &FLAGS) {
        Some("1") => Some(Sampling::Debug),
        _ => text(headers, &SAMPLED).and_then(sampling_of),
    };
    if !headers.contains_key(TRACE_ID) && !headers.contains_key(SPAN_ID) {
        return sampling.map(|sampling| B3 {
            ids: None,
            sampling,
        });
    }
    Some(B3 {
        ids: Some((
            trace_id(text(headers, &TRACE_ID)?)?,
            span_id(text(headers, &SPAN_ID)?)?,
        )),
        sampling: sampling.unwrap_or(Sampling::Deferred),
    })
}

/// Writes `ids`, if there are any, and `sampling`, as one header or as several.
pub(super) fn write(ids: Option<&Ids>, sampling: Sampling, single: bool, headers: &mut HeaderMap) {
    let state = match sampling {
        Sampling::Deferred => None,
        Sampling::Deny => Some("0"),
        Sampling::Accept => Some("1"),
        Sampling::Debug => Some("d"),
    };
    if single {
        headers.extend(one(ids, state).map(|value| (SINGLE, value)));
        return;
    }
    if let Some(ids) = ids {
        headers.insert(TRACE_ID, ids.trace());
        headers.insert(SPAN_ID, ids.span());
    }
    match state {
        Some("d") => headers.insert(FLAGS, HeaderValue::from_static("1")), // which implies "accept"
        Some(state) => headers.insert(SAMPLED, HeaderValue::from_static(state)),
        None => None,
    };
}

/// `{trace id}-{span id}-{sampling}`, as far as they are known.
fn one(ids: Option<&Ids>, state: Option<&str>) -> Option<HeaderValue> {
    let ids = ids.map(|ids| [ids.trace(), ids.span()]);
    let ids = ids.iter().flatten().filter_map(|id| id.to_str().ok());
    let parts: Vec<&str> = ids.chain(state).collect();
    let value = HeaderValue::try_from(parts.join("-")).ok();
    value.filter(|value| !value.is_empty())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn sampling_of(state: &str) -> Option<Sampling> {
    match state {
        "0" | "false" => Some(Sampling::Deny),
        "1" | "true" => Some(Sampling::Accept),
        "d" => Some(Sampling::Debug),
        _ => None,
    }
}

/// An id of 128 bits, or only the lower 64 of them.
fn trace_id(hex: &str) -> Option<TraceId> {
    let valid = (hex.len() == 16 || hex.len() == 32) && is_lower_hex(hex);
    let id = valid.then(|| TraceId::from_hex(hex).ok()).flatten()?;
    (id != TraceId::INVALID).then_some(id)
}

fn span_id(hex: &str) -> Option<SpanId> {
    let valid = hex.len() == 16 && is_lower_hex(hex);
    let id = valid.then(|| SpanId::from_hex(hex).ok()).flatten()?;
    (id != SpanId::INVALID).then_some(id)
}

pub(super) fn is_lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
