//! A fault that the waypoint injects.

use std::time::Instant;

use super::ambient_canary;
use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::demo4::faults as injected;
use crate::claims::proportion::Share;
use crate::claims::target::Target;
use crate::observe::access_log::{ids, is_of, of_pages};
use crate::observe::page::Page;
use crate::observe::routing_proxy::RoutingProxy;
use crate::observe::wait::wait_until;

/// How many pages are looked for in the waypoint's log.
const PAGES: usize = 25;
/// How often each passes the waypoint: on its way to web, and with five calls of web's.
const PASSES: usize = 6;

pub(in crate::claims) fn faults(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = ambient_canary::split(target, 1.0)?;
    claims.extend(injected::abort(target, RoutingProxy::Waypoint.name())?);
    claims.push(waypoint_logged_them(target)?);
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

/// The waypoint's own log has as many injected aborts as the pages met. They come by the ingress gateway,
/// which gives each request an id.
fn waypoint_logged_them(target: &Target) -> anyhow::Result<Claim> {
    let begin = Instant::now();
    let pages = target.gateway.views(PAGES, &[]);
    let met = pages
        .iter()
        .flat_map(Page::stock_calls)
        .filter(|call| injected::is_aborted(call, RoutingProxy::Waypoint.name()))
        .count();
    let entries = of_pages("deployment/waypoint", begin, &pages, PASSES)?;
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
