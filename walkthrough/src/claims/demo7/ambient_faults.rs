//! A fault that the waypoint injects.

use std::time::Instant;

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::demo4::{canary, faults as injected};
use crate::claims::proportion::Share;
use crate::claims::target::Target;
use crate::observe::access_log::{ids, is_of, of_pages};
use crate::observe::page::Page;
use crate::observe::routing_proxy::RoutingProxy;
use crate::observe::wait::wait_until;

/// How many pages are looked for in the waypoint's log.
const PAGES: usize = 25;
/// How many calls each makes through the waypoint.
const CALLS: usize = 5;

pub(in crate::claims) fn faults(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = canary::split(target, 1.0)?;
    claims.extend(injected::abort(target, RoutingProxy::Waypoint.name())?);
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
        .filter(|call| injected::is_aborted(call, RoutingProxy::Waypoint.name()))
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

pub(in crate::claims) fn over(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let are_complete = |pages: &[Page]| Share::count(pages, |page| page.is_complete());
    // The waypoint drops the route a moment after the object is gone, and each of its threads for itself.
    wait_until(|| {
        let some = are_complete(&target.shop.views(50, &[]));
        some.hits == some.total
    });
    let complete = are_complete(&target.shop.views(150, &[]));
    Ok(vec![
        Claim::new(
            "no page misses anything",
            complete.hits == complete.total,
            format!("{} of {} complete", complete.hits, complete.total),
        ),
        analysis::of_cluster()?,
    ])
}
