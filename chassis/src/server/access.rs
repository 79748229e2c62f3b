//! The access log: a line for each request that nobody waited for and, on demand, for every other
//! one. `RUST_LOG=info,access=debug` demands them.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri};

use crate::completion::CANCELLED;

/// The line of a request under way.
pub(super) struct Line {
    method: Method,
    uri: Uri,
}

impl Line {
    /// The line of `request`, if the log wants it.
    pub(super) fn begin(request: &Request) -> Option<Self> {
        tracing::enabled!(target: "access", tracing::Level::DEBUG).then(|| Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
        })
    }

    /// Writes the line of a request that took `duration`, with the ids by which a proxy's own line is
    /// found. A request whose caller hung up has no status, but an `error`.
    pub(super) fn write(self, status: Option<StatusCode>, duration: Duration) {
        tracing::debug!(
            target: "access",
            method = self.method.as_str(),
            path = self.uri.path(),
            status = status.map(|status| status.as_u16()),
            error = status.is_none().then_some(CANCELLED),
            seconds = seconds(duration),
            "request"
        );
    }
}

/// Writes the line of a request whose caller hung up after `duration`, when the log does not want
/// those of other requests: with its route, because its path was not kept.
pub(super) fn write_abandoned((method, route): (&str, &str), duration: Duration) {
    tracing::info!(
        target: "access",
        method,
        route,
        error = CANCELLED,
        seconds = seconds(duration),
        "a request was abandoned: nobody waits for its answer any longer"
    );
}

/// `duration`, to the microsecond.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e6
}
