//! Whether the proxy that chooses where a call goes has the routes that a stage applied.

use super::claim::Claim;
use crate::observe::routes::{Route, are_held, defined, held};
use crate::observe::routing_proxy::RoutingProxy;
use crate::observe::wait::eventually;

/// Waits until that proxy, web's sidecar or a waypoint, routes calls of `service` as its `VirtualService` or
/// `HTTPRoute` says.
///
/// # Errors
/// When one of the two cannot be read.
pub(super) fn arrive(service: &str) -> anyhow::Result<Claim> {
    let wanted = defined(service)?;
    let proxy = RoutingProxy::of(service)?;
    let mut routes: Vec<Route> = Vec::new();
    let arrived = eventually(|| {
        let held = held(proxy, service)?.into_iter();
        routes = held.map(|held| held.route).collect();
        Ok(are_held(&wanted.routes, &routes).then_some(()))
    })?;
    let evidence = match arrived {
        Some(()) => String::new(),
        None => format!("it holds {routes:?}, not {:?}", wanted.routes),
    };
    Ok(Claim::new(
        format!(
            "{} routes calls of {service} as its {} says",
            proxy.name(),
            wanted.kind
        ),
        arrived.is_some(),
        evidence,
    ))
}

/// web's sidecar tries a call that may be a sale only once. Envoy's default is three tries when the
/// connection fails.
///
/// # Errors
/// When istioctl cannot ask the sidecar.
pub(super) fn sales_have_one_try() -> anyhow::Result<Claim> {
    let routes = held(RoutingProxy::WebsSidecar, "stock-api")?.into_iter();
    let routes = routes.filter(|held| held.takes_every_method);
    let more_tries: Vec<u64> = routes.filter_map(|held| held.route.retries).collect();
    Ok(Claim::new(
        "web's sidecar makes one try of what may be a sale, even when the connection fails",
        !more_tries.is_empty() && more_tries.iter().all(|more| *more == 0),
        format!("more tries, route by route: {more_tries:?}"),
    ))
}

/// web's sidecar tries a call that may be a sale again only where the first try reached nobody: that is
/// what Istio adds to a route that says nothing of retries.
///
/// # Errors
/// When istioctl cannot ask the sidecar.
pub(super) fn sales_are_tried_again_unsent() -> anyhow::Result<Claim> {
    // The last two are statuses of gRPC, which the shop does not speak, and no status is listed.
    let unsent = [
        "connect-failure",
        "refused-stream",
        "unavailable",
        "cancelled",
        "retriable-status-codes",
    ];
    let routes = held(RoutingProxy::WebsSidecar, "stock-api")?.into_iter();
    let routes = routes.filter(|held| held.takes_every_method);
    let causes: Vec<Vec<String>> = routes.map(|held| held.retry_on).collect();
    let mut all = causes.iter().flatten();
    Ok(Claim::new(
        "a sale is tried again only where the first try reached nobody: Istio's default",
        !causes.is_empty() && all.all(|cause| unsent.contains(&cause.as_str())),
        format!("tried again at: {}", causes.concat().join(", ")),
    ))
}
