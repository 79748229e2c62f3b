//! A stop that loses no request.
//!
//! ```text
//! signal ─► /readyz 503, answers say `connection: close` ─► DRAIN_SECONDS pass
//!        ─► no new connections, requests under way finish ─► return
//! ```

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

use crate::readiness::Readiness;
use crate::server::accept::Listener;

/// How long requests under way may take to finish once new connections are refused.
const GRACE: Duration = Duration::from_secs(10);
/// The same for those of probes and of Prometheus, which ask again.
const MANAGEMENT_GRACE: Duration = Duration::from_millis(100);

/// Says that no caller should send requests any more, goes on serving for `drain`, so that all of
/// them hear it, and then ends both listeners, the management port's last.
pub(super) async fn stop(
    readiness: &Readiness,
    drain: Duration,
    service: Listener,
    management: Listener,
) {
    tracing::info!("stopping");
    readiness.drain();
    tokio::time::sleep(drain).await;
    service.stop(GRACE).await;
    management.stop(MANAGEMENT_GRACE).await;
}

/// While the service drains, asks the caller of an answer to send its next request elsewhere.
pub(super) fn retire(readiness: &Readiness, headers: &mut HeaderMap) {
    if readiness.is_draining() {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}
