//! The calls of a page for the browser's own tools (<https://www.w3.org/TR/server-timing/>).

use std::fmt::{self, Write};

use axum::http::{HeaderName, HeaderValue};
use chassis::SERVER_TIMING;

use crate::contract::UpstreamCall;

/// Proxies limit a header's length.
const CALLS: usize = 20;

/// The header with the first twenty of `calls`.
pub(crate) fn server_timing<'a>(
    calls: impl Iterator<Item = &'a UpstreamCall>,
) -> Option<[(HeaderName, HeaderValue); 1]> {
    let mut metrics = String::with_capacity(512);
    for (number, call) in calls.enumerate().take(CALLS) {
        write(&mut metrics, number, call).ok()?;
    }
    Some([(SERVER_TIMING, HeaderValue::try_from(metrics).ok()?)])
}

fn write(metrics: &mut String, number: usize, call: &UpstreamCall) -> fmt::Result {
    let comma = if number == 0 { "" } else { ", " };
    write!(metrics, "{comma}call-{number};desc=\"")?;
    for part in [&*call.service, " ", &*call.method, " ", &*call.path, ": "] {
        metrics.push_str(part);
    }
    let finding = call.finding.as_ref();
    let description = finding.map_or_else(|| call.answerer(), |finding| &finding.title);
    metrics.extend(description.chars().map(|character| match character {
        '"' | '\\' => '\'',
        other => other,
    }));
    write!(metrics, "\";dur={}", call.latency_ms)
}
