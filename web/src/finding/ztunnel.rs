//! What a call looks like that ended at the called service's ztunnel: there is no answer, because ztunnel
//! reads no HTTP and can only end a connection.

use chassis::Call;

use crate::contract::{Cause, Finding};

/// The connection of `call` ended before an answer came, for a `reason` in the system's words.
pub(super) fn reset(call: &Call, reason: &str) -> Finding {
    let service = call.service;
    let text = format!(
        "Most likely {service}'s ztunnel refused it: no policy lets web connect to {service}, and without \
         HTTP there is no 403. Or a pod of {service} ended, which may have done its part before ({reason})."
    );
    let finding = Finding::new(
        Cause::Reset,
        format!("{service}'s ztunnel reset the connection, or its pod ended"),
        text,
    );
    match service {
        "products-api" => finding.file(
            "istio/demo7/ambient-install/authz/products-allow-web.yaml",
            "is the policy that opens it",
        ),
        "stock-api" => finding.file(
            "istio/demo7/ambient-install/authz/stock-allow-web.yaml",
            "is the policy that opens it",
        ),
        _ => finding,
    }
}
