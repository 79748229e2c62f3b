//! What a call met on its way: who answered, which version, how fast, and under which identity.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use serde::Serialize;

use crate::{ATTEMPT, CALLER, POD, VERSION};

/// How a service tells whether its answer came from its cache
/// (<https://www.rfc-editor.org/rfc/rfc9211>).
pub const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// An answer's status and headers.
pub(crate) type Head = (StatusCode, HeaderMap);

/// One call, as its caller saw it. What only the called service can tell is absent where a proxy
/// answered in its place, or nobody.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// The service that was called.
    pub service: &'static str,
    /// HTTP method.
    pub method: String,
    /// Path of the URL.
    pub path: String,
    /// Absent when no answer came.
    pub status: Option<u16>,
    /// Why the answer, if any, is of no use.
    pub error: Option<String>,
    /// From the request to the last byte of its answer.
    pub latency_ms: f64,
    /// Version that answered.
    pub version: Option<String>,
    /// Pod that answered.
    pub pod: Option<String>,
    /// How often the caller's proxy had tried.
    pub attempt: Option<String>,
    /// The identity under which the called service saw its caller: a SPIFFE URI, proved by mutual
    /// TLS.
    pub caller: Option<String>,
    /// Whether the answer came from the called service's cache, where it says so.
    pub cached: Option<bool>,
}

impl Call {
    pub(crate) fn new(
        (service, method, path): (&'static str, &Method, &str),
        head: Option<&Head>,
        error: Option<String>,
        latency: Duration,
    ) -> Self {
        let text = |name: HeaderName| {
            let value = head?.1.get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        Self {
            service,
            method: method.to_string(),
            path: path.to_owned(),
            status: head.map(|(status, _)| status.as_u16()),
            error,
            latency_ms: (latency.as_secs_f64() * 1e5).round() / 1e2,
            version: text(VERSION),
            pod: text(POD),
            attempt: text(ATTEMPT),
            caller: text(CALLER),
            cached: text(CACHE_STATUS).map(|status| status.contains("; hit")),
        }
    }
}
