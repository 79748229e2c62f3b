//! What a call looks like that ended at the called service's ztunnel: there is no answer, because ztunnel
//! reads no HTTP and can only end a connection.

use chassis::Call;

use crate::contract::{Cause, Finding};

/// The connection of `call` ended before an answer came, for a `reason` in the system's words.
///
/// web does not know whether the service has a waypoint. With one, web's connection leads to that, and a
/// policy that lets web connect to the service would let it get around the waypoint.
pub(super) fn reset(call: &Call, reason: &str) -> Finding {
    let service = call.service;
    let text = format!(
        "Where {service} has no waypoint, most likely its ztunnel refused it: no policy lets web connect to \
         {service}, and without HTTP there is no 403. Or a pod of {service} ended, which may have done its \
         part before ({reason})."
    );
    let title = format!("{service}'s ztunnel reset the connection, or a pod ended");
    let finding = Finding::new(Cause::Reset, title, text);
    let policy = match service {
        "products-api" => "istio/demo7/ambient-install/authz/products-allow-web.yaml",
        "stock-api" => "istio/demo7/ambient-install/authz/stock-allow-web.yaml",
        _ => return finding,
    };
    finding.file(
        policy,
        "is the policy that opens it. With a waypoint, it was the waypoint that ended, and this policy would \
         lead around it",
    )
}
