//! Which trace a request belongs to: the specifications' examples, the choice of the parent, and
//! that no bytes whatever break it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod b3;
mod freshest;
mod properties;
mod w3c;

use axum::http::{HeaderMap, HeaderName};
use chassis::propagation::Propagators;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let line = |&(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), value.parse().unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in lines.iter().map(line) {
        headers.append(name, value);
    }
    headers
}

fn propagators(list: &str) -> Propagators {
    list.parse().unwrap()
}

/// The remote span that `lines` name, with the default propagators.
fn extract(lines: &[(&'static str, &str)]) -> SpanContext {
    span(&propagators("tracecontext,baggage,b3multi").extract(&headers(lines)))
}

fn span(context: &Context) -> SpanContext {
    context.span().span_context().clone()
}

/// What is sent on when `lines` arrived and no span is added.
fn forwarded(list: &str, lines: &[(&'static str, &str)]) -> HeaderMap {
    let propagators = propagators(list);
    let mut sent = HeaderMap::new();
    propagators.inject(&propagators.extract(&headers(lines)), &mut sent);
    sent
}
