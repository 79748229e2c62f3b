//! What a caller learns from a call: who answered, which version, how fast, and which identity of
//! the caller was proved.

use std::time::Instant;

use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};

use crate::client::error::CallError;
use crate::duration::milliseconds;
use crate::headers::{
    ATTEMPT, CACHE_STATUS, CALLER, ENVOY_UPSTREAM_TIME, POD, SERVER_TIMING, VERSION,
};

/// One call, as its caller saw it. What only the called service can tell is absent when a proxy, or
/// nobody, answered in its place.
#[derive(Clone, Debug)]
pub struct Call {
    /// The service that was called.
    pub service: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path of the URL, and its query if it has one.
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
    /// How long a refusal asks the caller to wait: seconds, or a date
    /// (<https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>).
    pub retry_after: Option<String>,
}

impl Call {
    /// A call that begins now.
    pub(super) fn begin(service: &'static str, method: Method, path: &str) -> Self {
        Self {
            service,
            method,
            path: path.to_owned(),
            status: None,
            error: None,
            begun: Instant::now(),
            latency_ms: 0.0,
            upstream_ms: None,
            service_ms: None,
            version: None,
            pod: None,
            attempt: None,
            caller: None,
            cached: None,
            retry_after: None,
        }
    }

    /// Notes what the head of the answer says.
    pub(super) fn answered(&mut self, status: StatusCode, headers: &HeaderMap) {
        self.status = Some(status.as_u16());
        for (name, value) in headers {
            let field = FIELDS.iter().find(|(field, _)| field == name);
            if let (Some((_, note)), Ok(value)) = (field, value.to_str()) {
                note(self, value);
            }
        }
        if !status.is_success() {
            let wait = headers.get(header::RETRY_AFTER);
            let wait = wait.and_then(|wait| wait.to_str().ok());
            self.retry_after = wait.map(str::to_owned);
        }
    }

    /// The call ends now, in `error` if there is no usable answer.
    pub(super) fn end(&mut self, error: Option<&CallError>) {
        self.latency_ms = milliseconds(self.begun.elapsed());
        self.error = error.map(ToString::to_string);
    }
}

/// How a call notes the value of a header.
type Note = fn(&mut Call, &str);

/// The headers that a call notes, in one pass over those of its answer.
static FIELDS: [(HeaderName, Note); 7] = [
    (VERSION, |call, value| call.version = Some(value.to_owned())),
    (POD, |call, value| call.pod = Some(value.to_owned())),
    (ATTEMPT, |call, value| call.attempt = Some(value.to_owned())),
    (CALLER, |call, value| call.caller = Some(value.to_owned())),
    (SERVER_TIMING, |call, value| {
        call.service_ms = duration(value);
    }),
    (ENVOY_UPSTREAM_TIME, |call, value| {
        call.upstream_ms = value.parse().ok();
    }),
    (CACHE_STATUS, |call, value| {
        call.cached = Some(value.contains("; hit"));
    }),
];

/// What the called service wrote into `server-timing`.
fn duration(timing: &str) -> Option<f64> {
    timing.split_once("dur=")?.1.parse().ok()
}
