//! How a request or a call ended, reported once: with its result, or that nobody waited for it.

use opentelemetry::Context;

/// The `error.type` of what was not waited for: the caller hung up, or the service stopped.
pub(crate) const CANCELLED: &str = "cancelled";

/// Calls its report with the result of a future; with `None` when the future is dropped before it
/// has one, as hyper drops a request's as soon as its caller hangs up.
pub(crate) struct Completion<T> {
    report: Option<Box<dyn FnOnce(Option<T>) + Send>>,
    /// Of the request: what the report logs has the request's ids when it runs in a drop, too.
    context: Context,
}

impl<T> Completion<T> {
    /// Of the future that begins now.
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
