//! What a status of the supplier means. It names no version and has no sidecar, so its own answers are
//! told from those of web's sidecar by the time of the other end, which a sidecar adds when there was one.
//! Without a sidecar all answers are the supplier's, or of a proxy that is the supplier's own.

use axum::http::StatusCode;
use chassis::Call;

use super::end::End;
use super::proxy;
use crate::contract::{Cause, Finding};

/// What was answered by the supplier, or in its place by web's sidecar, if web `has_sidecar`.
pub(super) fn answer(call: &Call, status: StatusCode, body: &str, has_sidecar: bool) -> Finding {
    let by_a_proxy = match (status.as_u16(), body) {
        _ if !has_sidecar || call.upstream_ms.is_some() => None,
        (404, _) => None, // through a sidecar, too, that passes on bytes and adds nothing
        _ => proxy::known(call, status, body, End::Web),
    };
    by_a_proxy.unwrap_or_else(|| {
        Finding::new(
            Cause::ServiceError,
            format!("The supplier itself answered {}", status.as_u16()),
            "The call came through, but the supplier could not say when there will be more."
                .to_owned(),
        )
    })
}
