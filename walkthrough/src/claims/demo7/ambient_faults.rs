//! A fault that the waypoint injects.

use std::time::Instant;

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::demo4::{canary, faults};
use crate::claims::target::Target;
use crate::observe::access_log::{ids, is_of, of_pages};
use crate::observe::page::Page;
use crate::observe::routing_proxy::RoutingProxy;

/// How many pages are looked for in the waypoint's log.
const PAGES: usize = 25;
/// How many calls each makes through the waypoint.
const CALLS: usize = 5;

pub(in crate::claims) fn ambient_faults(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = canary::split(target, 1.0)?;
    claims.extend(faults::abort(target, RoutingProxy::Waypoint.name())?);
    claims.push(waypoint_logged_them(target)?);
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

/// The waypoint's own log has as many injected aborts as the pages met.
fn waypoint_logged_them(target: &Target) -> anyhow::Result<Claim> {
    let begin = Instant::now();
    let pages = target.shop.views(PAGES, &[]);
    let met = pages
        .iter()
        .flat_map(Page::stock_calls)
        .filter(|call| faults::is_aborted(call, RoutingProxy::Waypoint.name()))
        .count();
    let entries = of_pages("deployment/waypoint", begin, &pages, CALLS)?;
    let ids = ids(&pages);
    let own = entries.iter().filter(|entry| is_of(entry, &ids));
    // Envoy's flag for an injected fault.
    let logged = own.filter(|entry| entry.flags == "FI").count();
    Ok(Claim::new(
        "the waypoint's own log has each of these aborts",
        logged == met && met > 0,
        format!("{logged} in the log, {met} of the calls of {PAGES} pages"),
    ))
}
