//! The calls of a page for the browser's own tools (<https://www.w3.org/TR/server-timing/>).

use axum::http::{HeaderName, HeaderValue};
use chassis::SERVER_TIMING;

use crate::contract::UpstreamCall;

/// Proxies limit a header's length.
const CALLS: usize = 20;

/// The header with the first twenty of `calls`.
pub(crate) fn server_timing<'a>(
    calls: impl Iterator<Item = &'a UpstreamCall>,
) -> Option<[(HeaderName, HeaderValue); 1]> {
    let metrics = calls.enumerate().take(CALLS).map(metric);
    let metrics = metrics.collect::<Vec<_>>().join(", ");
    Some([(SERVER_TIMING, HeaderValue::from_str(&metrics).ok()?)])
}

fn metric((number, call): (usize, &UpstreamCall)) -> String {
    let version = call.version.as_deref().unwrap_or("a proxy");
    let finding = call.finding.as_ref();
    let description = finding.map_or(version, |finding| &finding.title);
    let description = description.replace(['"', '\\'], "'");
    let (service, method, path) = (&call.service, &call.method, &call.path);
    format!(
        "call-{number};desc=\"{service} {method} {path}: {description}\";dur={}",
        call.latency_ms
    )
}
