//! What a caller learns from a call: who answered, which version, how fast, and which identity of
//! the caller was proved.

use std::time::Instant;

use axum::http::{HeaderMap, HeaderName, Method, StatusCode};

use crate::duration::milliseconds;
use crate::headers::{
    ATTEMPT, CACHE_STATUS, CALLER, ENVOY_UPSTREAM_TIME, POD, SERVER_TIMING, VERSION,
};

/// An answer's status and headers.
pub(crate) type Head = (StatusCode, HeaderMap);

/// One call, as its caller saw it. What only the called service can tell is absent when a proxy, or
/// nobody, answered in its place.
#[derive(Clone, Debug)]
pub struct Call {
    /// The service that was called.
    pub service: &'static str,
    /// HTTP method.
    pub method: String,
    /// Path of the URL.
    pub path: String,
    /// Absent when no answer came.
    pub status: Option<u16>,
    /// Why there is no usable answer.
    pub error: Option<String>,
    /// When the request was made.
    pub begun: Instant,
    /// From the request to the last byte of its answer.
    pub latency_ms: f64,
    /// The part of it in which the caller's proxy waited for the other end; absent without a proxy,
    /// and when the proxy answered by itself.
    pub upstream_ms: Option<f64>,
    /// The part of it that the called service took.
    pub service_ms: Option<f64>,
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
        begun: Instant,
    ) -> Self {
        let latency_ms = milliseconds(begun.elapsed());
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
            begun,
            latency_ms,
            upstream_ms: text(ENVOY_UPSTREAM_TIME).and_then(|time| time.parse().ok()),
            service_ms: text(SERVER_TIMING).and_then(|timing| duration(&timing)),
            version: text(VERSION),
            pod: text(POD),
            attempt: text(ATTEMPT),
            caller: text(CALLER),
            cached: text(CACHE_STATUS).map(|status| status.contains("; hit")),
        }
    }
}

/// What the called service wrote into `server-timing`.
fn duration(timing: &str) -> Option<f64> {
    timing.split_once("dur=")?.1.parse().ok()
}
