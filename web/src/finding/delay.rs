//! Where a call that came through lost its time.

use chassis::Call;

use super::end::End;
use super::{seconds, virtual_service};
use crate::contract::{Cause, Finding};

/// From here on a delay is reported: it is far more than a proxy takes, even on a busy laptop.
const NOTABLE_MS: f64 = 500.0;

/// The part of the way that took long; the proxy that tells where it was lost is at `end`. A machine at
/// its limit has the same effect as a fault.
pub(super) fn of(call: &Call, end: End) -> Option<Finding> {
    let service_ms = call.service_ms?;
    if service_ms >= NOTABLE_MS {
        return Some(in_the_service(call, service_ms));
    }
    let upstream_ms = call.upstream_ms?;
    let (before, beyond) = (call.latency_ms - upstream_ms, upstream_ms - service_ms);
    if before >= NOTABLE_MS {
        return Some(before_the_other_end(call, before, end));
    }
    (beyond >= NOTABLE_MS).then(|| on_the_way(call, beyond, end))
}

fn in_the_service(call: &Call, milliseconds: f64) -> Finding {
    let service = call.service;
    let text = format!(
        "The call came through, and then {service} took {}.",
        seconds(milliseconds)
    );
    Finding::new(Cause::Delay, format!("{service} itself is slow"), text)
}

fn before_the_other_end(call: &Call, milliseconds: f64, end: End) -> Finding {
    let (service, passed) = (call.service, seconds(milliseconds));
    let title = |proxy: &str| format!("Delayed in {proxy}");
    match end {
        End::Waypoint => Finding::new(
            Cause::Delay,
            title(&end.proxy(call)),
            format!(
                "{passed} passed in the waypoint, or on the way to it: a VirtualService injects that, and \
                 `kubectl delete virtualservice {service} -n widgetario` ends it; or the machine is at \
                 its limit."
            ),
        ),
        End::Web | End::Service => Finding::new(
            Cause::Delay,
            title(&End::Web.proxy(call)),
            format!(
                "{passed} passed in web's own sidecar: a VirtualService injects that before the call \
                 leaves, or the machine is at its limit."
            ),
        )
        .file(virtual_service(call), "ends it"),
    }
}

fn on_the_way(call: &Call, milliseconds: f64, end: End) -> Finding {
    let service = call.service;
    let (proxy, delay) = match end {
        End::Waypoint => (end.proxy(call), "a delay on the way".to_owned()),
        End::Web | End::Service => {
            let delay = format!("a delay in {}", End::Service.proxy(call));
            (End::Web.proxy(call), delay)
        }
    };
    let why = match call.attempt.as_deref() {
        None | Some("1") => format!("{delay}, or a machine at its limit"),
        Some(attempt) => format!("it took {attempt} tries, or {delay}"),
    };
    let text = format!(
        "{} passed between {proxy} and {service}: {why}.",
        seconds(milliseconds)
    );
    Finding::new(
        Cause::Delay,
        format!("Delayed on the way to {service}"),
        text,
    )
}
