//! A span's ids as the headers of a call write them.

use std::fmt::Write;
use std::ops::Range;

use axum::body::Bytes;
use axum::http::HeaderValue;
use opentelemetry::trace::{SpanContext, TraceFlags};

/// W3C's `traceparent`: `00-{trace id}-{span id}-{flags}`. B3's ids are parts of it, so that all
/// headers share one text, which is written once and is cheap to copy.
pub(super) struct Ids(Bytes);

impl Ids {
    /// The ids of `span`; `None` when it has none.
    pub(super) fn of(span: &SpanContext) -> Option<Self> {
        if !span.is_valid() {
            return None;
        }
        let (trace, id) = (span.trace_id(), span.span_id());
        let flags = span.trace_flags() & TraceFlags::SAMPLED;
        let mut text = String::with_capacity(55);
        write!(text, "00-{trace}-{id}-{flags:02x}").ok()?;
        Some(Self(text.into()))
    }

    pub(super) fn traceparent(&self) -> HeaderValue {
        self.part(0..55)
    }

    /// 32 hexadecimal digits.
    pub(super) fn trace(&self) -> HeaderValue {
        self.part(3..35)
    }

    /// 16 hexadecimal digits.
    pub(super) fn span(&self) -> HeaderValue {
        self.part(36..52)
    }

    fn part(&self, part: Range<usize>) -> HeaderValue {
        let value = HeaderValue::from_maybe_shared(self.0.slice(part));
        value.expect("digits and dashes are valid in a header")
    }
}
