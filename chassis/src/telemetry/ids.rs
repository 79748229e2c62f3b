//! The ids by which a log line, an answer, a trace and a proxy's own log line are joined.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;

/// The `x-request-id` of the request under way, kept in its [`Context`] for the log.
pub(crate) struct RequestId(pub(crate) String);

/// The ids of a request.
pub(crate) struct Ids {
    /// 32 hexadecimal digits.
    pub(crate) trace_id: Option<String>,
    /// 16 hexadecimal digits.
    pub(crate) span_id: Option<String>,
    pub(crate) request_id: Option<String>,
}

impl Ids {
    /// The ids of the request under way, if there is one.
    pub(crate) fn current() -> Self {
        let context = Context::current();
        let span = context.span().span_context().clone();
        let request_id = context.get::<RequestId>();
        Self {
            trace_id: span.is_valid().then(|| span.trace_id().to_string()),
            span_id: span.is_valid().then(|| span.span_id().to_string()),
            request_id: request_id.map(|RequestId(id)| id.clone()),
        }
    }
}

/// The id of the trace of the request under way, 32 hexadecimal digits.
pub fn trace_id() -> Option<String> {
    Ids::current().trace_id
}
