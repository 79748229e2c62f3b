//! How the end of a request or call is named that nobody waited for.

/// Its `error.type`: the caller hung up, or the service stopped.
pub(crate) const CANCELLED: &str = "cancelled";
