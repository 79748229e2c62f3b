//! HTTP headers as OpenTelemetry's propagators read and write them.

use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector};

/// The W3C headers of a request. `tracestate` and `baggage` may come in several lines, which count
/// as one list; a second `traceparent` makes both invalid
/// (<https://www.w3.org/TR/trace-context/#traceparent-header>).
pub(super) struct Incoming {
    traceparent: Option<String>,
    tracestate: Option<String>,
    baggage: Option<String>,
}

impl Incoming {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let mut traceparents = headers.get_all("traceparent").iter();
        let traceparent = traceparents.next().and_then(|value| value.to_str().ok());
        let is_only = traceparents.next().is_none();
        Self {
            traceparent: traceparent.filter(|_| is_only).map(str::to_owned),
            tracestate: joined(headers, "tracestate"),
            baggage: joined(headers, "baggage"),
        }
    }
}

fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(name).iter().map(|value| value.to_str());
    let lines: Vec<&str> = lines.collect::<Result<_, _>>().ok()?;
    (!lines.is_empty()).then(|| lines.join(","))
}

impl Extractor for Incoming {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.traceparent.as_deref(),
            "tracestate" => self.tracestate.as_deref(),
            "baggage" => self.baggage.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate", "baggage"]
    }
}

/// The headers of an outgoing call.
pub(super) struct Outgoing<'a>(pub(super) &'a mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_str(key), HeaderValue::from_str(&value))
            && !value.is_empty()
        {
            self.0.insert(name, value);
        }
    }
}
