//! A call's bar in the X-ray's waterfall.

use crate::contract::UpstreamCall;

/// A bar, in thousandths of the waterfall's width.
pub(crate) struct Bar {
    pub(crate) x: u32,
    /// Until web's proxy passed the call on; the whole call without a proxy.
    pub(crate) before: u32,
    /// On the way to the called service, and back.
    pub(crate) beyond: u32,
    /// In the called service.
    pub(crate) service: u32,
}

impl Bar {
    /// The bar of `call`, one of a page's calls, which together took `total_ms`.
    pub(crate) fn of(call: &UpstreamCall, total_ms: f64) -> Self {
        let total = total_ms.max(0.01);
        let share = |ms: f64| (ms / total * 1000.0).clamp(0.0, 1000.0).round();
        let latency = call.latency_ms;
        // Each end measures with its own clock, and rounds: a part may seem longer than the whole.
        let upstream = call.upstream_ms.unwrap_or(0.0).min(latency);
        let service = call.service_ms.unwrap_or(0.0).min(latency);
        let beyond = (upstream - service).max(0.0);
        let [x, before, beyond, service] =
            [call.starts_ms, latency - beyond - service, beyond, service].map(share);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 1000"
        )]
        let [x, before, beyond, service] = [x, before, beyond, service].map(|share| share as u32);
        Self {
            x,
            before,
            beyond,
            service,
        }
    }
}
