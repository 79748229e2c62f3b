//! What the log says of a call that failed, or that nobody waited for.

use std::time::Instant;

use opentelemetry::Context;

use crate::client::call::Call;
use crate::completion::CANCELLED;
use crate::duration::milliseconds;
use crate::telemetry::span;

/// One line for each call that failed, in its `context`: service, status, the proxy's reason,
/// latency.
pub(super) fn failed(context: Context, call: &Call) {
    let _context = context.attach();
    tracing::warn!(
        service = call.service,
        path = call.path,
        status = call.status,
        latency_ms = call.latency_ms,
        "a call failed: {}",
        call.error.as_deref().unwrap_or_default()
    );
}

/// Watches over a call: when it is dropped before the call's end, nobody waits for that any longer,
/// and the span and the log say so.
pub(super) struct Watch<'a> {
    service: &'static str,
    path: &'a str,
    begun: Instant,
    /// The call's: even in a drop, the log line has the request's ids.
    context: &'a Context,
    is_over: bool,
}

impl<'a> Watch<'a> {
    /// Watches over the call of `path`, which begins now.
    pub(super) fn over(service: &'static str, path: &'a str, context: &'a Context) -> Self {
        Self {
            service,
            path,
            begun: Instant::now(),
            context,
            is_over: false,
        }
    }

    /// The call has ended.
    pub(super) fn end(mut self) {
        self.is_over = true;
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        span::failed(self.context, CANCELLED, "nobody waits for it any longer");
        let _context = self.context.clone().attach();
        tracing::info!(
            service = self.service,
            path = self.path,
            latency_ms = milliseconds(self.begun.elapsed()),
            "a call was abandoned: nobody waits for it any longer"
        );
    }
}
