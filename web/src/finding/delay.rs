//! Where a call that came through lost its time.

use chassis::Call;

use super::{seconds, virtual_service};
use crate::contract::{Cause, Finding};

/// From here on a delay is reported: it is far more than a proxy takes, even on a busy laptop.
const NOTABLE_MS: f64 = 500.0;

/// The part of the way that took long. A machine at its limit has the same effect as a fault.
pub(super) fn of(call: &Call) -> Option<Finding> {
    let service_ms = call.service_ms?;
    if service_ms >= NOTABLE_MS {
        return Some(in_the_service(call, service_ms));
    }
    let upstream_ms = call.upstream_ms?;
    let (before, beyond) = (call.latency_ms - upstream_ms, upstream_ms - service_ms);
    if before >= NOTABLE_MS {
        return Some(in_our_sidecar(call, before));
    }
    (beyond >= NOTABLE_MS).then(|| on_the_way(call, beyond))
}

fn in_the_service(call: &Call, milliseconds: f64) -> Finding {
    let service = call.service;
    let text = format!(
        "The call came through, and then {service} took {}.",
        seconds(milliseconds)
    );
    Finding::new(Cause::Delay, format!("{service} itself is slow"), text)
}

fn in_our_sidecar(call: &Call, milliseconds: f64) -> Finding {
    let text = format!(
        "{} passed in web's own sidecar: a VirtualService injects that before the call leaves, or the \
         machine is at its limit.",
        seconds(milliseconds)
    );
    Finding::new(Cause::Delay, "Delayed in web's sidecar".to_owned(), text)
        .file(virtual_service(call), "ends it")
}

fn on_the_way(call: &Call, milliseconds: f64) -> Finding {
    let service = call.service;
    let why = match call.attempt.as_deref() {
        None | Some("1") => format!("a delay in {service}'s sidecar, or a machine at its limit"),
        Some(attempt) => format!("it took {attempt} tries, or a delay in {service}'s sidecar"),
    };
    let text = format!(
        "{} passed between web's sidecar and {service}: {why}.",
        seconds(milliseconds)
    );
    Finding::new(
        Cause::Delay,
        format!("Delayed on the way to {service}"),
        text,
    )
}
