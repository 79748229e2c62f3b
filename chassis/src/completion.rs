//! How a request or a call ended, told once: as it did, or that nobody waited for its end.

use opentelemetry::Context;

/// The `error.type` of what was not waited for: the caller hung up, or the service stopped.
pub(crate) const CANCELLED: &str = "cancelled";

/// Tells its report what came of a future; `None` when that is dropped before, as hyper does with a
/// request's as soon as its caller hangs up.
pub(crate) struct Completion<T> {
    report: Option<Box<dyn FnOnce(Option<T>) + Send>>,
    /// Of the request, so that what is logged of it has its ids when it is dropped, too.
    context: Context,
}

impl<T> Completion<T> {
    pub(crate) fn new(report: impl FnOnce(Option<T>) + Send + 'static) -> Self {
        Self {
            report: Some(Box::new(report)),
            context: Context::current(),
        }
    }

    pub(crate) fn is(mut self, value: T) {
        self.tell(Some(value));
    }

    fn tell(&mut self, value: Option<T>) {
        if let Some(report) = self.report.take() {
            let _context = self.context.clone().attach();
            report(value);
        }
    }
}

impl<T> Drop for Completion<T> {
    fn drop(&mut self) {
        self.tell(None);
    }
}
