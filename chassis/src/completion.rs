//! Reports once how a request or a call ended: with its result, or that nobody waited for it.

use opentelemetry::Context;

/// The `error.type` of a request or call that nobody waited for: the caller hung up, or the service
/// stopped.
pub(crate) const CANCELLED: &str = "cancelled";

/// Calls a report with the result of a future, or with `None` when the future is dropped first.
/// (hyper drops a request's future as soon as its caller hangs up.)
pub(crate) struct Completion<T> {
    report: Option<Box<dyn FnOnce(Option<T>) + Send>>,
    /// The request's context: even in a drop, the report's log lines have the request's ids.
    context: Context,
}

impl<T> Completion<T> {
    /// Watches the future that begins now.
    pub(crate) fn new(report: impl FnOnce(Option<T>) + Send + 'static) -> Self {
        Self {
            report: Some(Box::new(report)),
            context: Context::current(),
        }
    }

    /// The future has ended with `value`.
    pub(crate) fn end(mut self, value: T) {
        self.report(Some(value));
    }

    fn report(&mut self, value: Option<T>) {
        if let Some(report) = self.report.take() {
            let _context = self.context.clone().attach();
            report(value);
        }
    }
}

impl<T> Drop for Completion<T> {
    fn drop(&mut self) {
        self.report(None);
    }
}
