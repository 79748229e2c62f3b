//! HTTP headers as OpenTelemetry's propagators read them.

use axum::http::{HeaderMap, HeaderValue};
use opentelemetry::propagation::Extractor;

use crate::propagation::b3::is_lower_hex;

/// The W3C headers of a request, as far as they are valid
/// (<https://www.w3.org/TR/trace-context/>). `tracestate` may come in several lines, which count as
/// one list; a second `traceparent` makes both invalid.
pub(super) struct Incoming {
    traceparent: Option<String>,
    tracestate: Option<String>,
}

impl Incoming {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let mut traceparents = headers.get_all("traceparent").iter();
        let traceparent = traceparents.next().and_then(|value| value.to_str().ok());
        let is_only = traceparents.next().is_none();
        Self {
            traceparent: traceparent
                .filter(|value| is_only && is_traceparent(value))
                .map(str::to_owned),
            tracestate: joined(headers, "tracestate").filter(|list| is_tracestate(list)),
        }
    }
}

/// Whether each field has its number of digits, and version 0 has no further field. (The SDK also
/// accepts fewer digits, more digits, and signs.)
fn is_traceparent(value: &str) -> bool {
    let mut fields = value.split('-');
    let known = [2, 32, 16, 2].iter().all(|&digits| {
        fields
            .next()
            .is_some_and(|field| field.len() == digits && is_lower_hex(field))
    });
    known && (fields.next().is_none() || !value.starts_with("00"))
}

/// Whether `list` has at most 32 members, each with a key and a value. (The SDK cuts off the 33rd,
/// and accepts empty keys and values, a second `=` and tabs.)
fn is_tracestate(list: &str) -> bool {
    let members = list
        .split(',')
        .map(|member| member.trim_matches([' ', '\t']));
    let members: Vec<&str> = members.filter(|member| !member.is_empty()).collect();
    let is_valid = |member: &&str| {
        let (key, value) = member.split_once('=').unwrap_or_default();
        let has_value = !value.is_empty() && !value.contains(['=', '\t']);
        !key.is_empty() && has_value
    };
    members.len() <= 32 && members.iter().all(is_valid)
}

/// Joins the lines of a list. A line that is not text is left out, and the others are kept: one of
/// them may have our stamp.
fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(name).iter();
    let lines: Vec<&str> = lines.filter_map(|value| value.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// The `baggage` of a request, to be passed on as it is: nobody here reads it, and to decode and
/// encode it again would change it.
pub(super) struct Baggage(HeaderValue);

impl Baggage {
    /// The first members of `headers`, within the limits that everyone must pass on
    /// (<https://www.w3.org/TR/baggage/#limits>).
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let list = joined(headers, "baggage")?;
        let members = list.split(',').map(str::trim);
        let members = members.filter(|member| !member.is_empty()).take(64);
        let mut kept = String::new();
        for member in members {
            let comma = usize::from(!kept.is_empty());
            if kept.len() + comma + member.len() > 8192 {
                break;
            }
            kept.push_str(&","[..comma]);
            kept.push_str(member);
        }
        let value = HeaderValue::try_from(kept).ok();
        value.filter(|value| !value.is_empty()).map(Self)
    }

    pub(super) fn write(&self, headers: &mut HeaderMap) {
        headers.insert("baggage", self.0.clone());
    }
}

impl Extractor for Incoming {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.traceparent.as_deref(),
            "tracestate" => self.tracestate.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}
