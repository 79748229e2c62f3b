//! A timeout, in an `HTTPRoute`.

use std::time::Duration;

use web::contract::{Cause, UpstreamCall};

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::demo4::faults::TIMER_ERROR_MS;
use crate::claims::latencies::Latencies;
use crate::claims::proportion::Share;
use crate::claims::routes;
use crate::claims::target::Target;
use crate::observe::page::{Page, statuses};
use crate::observe::wait::within;

/// What the stage's files say, in milliseconds.
const TIMEOUT_MS: f64 = 500.0;
const DELAY_MS: f64 = 800.0;
/// By how much a call may take longer, on a busy laptop.
const OVERHEAD_MS: f64 = 150.0;
const PAGES: usize = 50;
/// Calls on connections that were open before the delay came are quick, until stock-api's sidecar has
/// closed these: Istio's sidecars take 45 s for that (`drainDuration`).
const DRAIN: Duration = Duration::from_mins(1);

/// The sidecar of web gave the call up.
fn is_given_up(call: &UpstreamCall) -> bool {
    let finding = call.finding.as_ref();
    let cause = finding.map(|finding| finding.cause);
    call.status == Some(504) && call.upstream_ms.is_none() && cause == Some(Cause::ProxyTimeout)
}

pub(in crate::claims) fn timeout(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("stock-api")?;
    let ask = || target.shop.views(PAGES, &[]);
    within(DRAIN, || {
        let pages = ask();
        let mut calls = pages.iter().flat_map(Page::stock_calls);
        Ok(calls.all(is_given_up).then_some(()))
    })?;
    let pages = ask();
    let calls = || pages.iter().flat_map(Page::stock_calls);
    let given_up = Share::count(calls(), |call| is_given_up(call));
    let latencies: Latencies = calls().map(|call| call.latency_ms).collect();
    let shortest = latencies.percentile(0);
    let is_listed = |page: &&Page| page.status == 200 && page.products().len() == 4;
    let listed = pages.iter().filter(is_listed).count();
    Ok(vec![
        route,
        Claim::new(
            "web's sidecar gives up each read of stock-api: 504",
            given_up.hits == given_up.total && given_up.total == 4 * PAGES,
            format!("{} of {} calls", given_up.hits, given_up.total),
        ),
        Claim::new(
            "after 0.5 s",
            shortest >= TIMEOUT_MS - TIMER_ERROR_MS
                && latencies.percentile(50) < TIMEOUT_MS + OVERHEAD_MS,
            format!("the quickest after {shortest:.0} ms, {latencies}"),
        ),
        Claim::new(
            "every page is 200 and lists all widgets, without their stock",
            listed == pages.len() && pages.iter().all(Page::has_unknown),
            statuses(&pages),
        ),
        sales_wait(target),
        routes::sales_are_tried_again_unsent()?,
        analysis::of_cluster()?,
    ])
}

/// A sale has no timeout: it ends with stock-api's own answer, which is 404 for a widget that does not
/// exist.
fn sales_wait(target: &Target) -> Claim {
    let sales = target.shop.sales(20);
    let answered = sales.iter().filter(|sale| sale.status == 404).count();
    let shortest = sales.iter().map(|sale| sale.seconds);
    let shortest = 1000.0 * shortest.fold(f64::INFINITY, f64::min);
    Claim::new(
        "a sale is not given up: it waits for 0.8 s, and is answered",
        answered == sales.len() && shortest >= DELAY_MS - TIMER_ERROR_MS,
        format!("{}, the quickest after {shortest:.0} ms", statuses(&sales)),
    )
}
