//! A timeout, in an `HTTPRoute`.

use web::contract::{Cause, UpstreamCall};

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::demo4::faults::TIMER_ERROR_MS;
use crate::claims::routes;
use crate::claims::target::Target;
use crate::observe::page::{Page, statuses};
use crate::observe::wait::wait_until;

/// What the stage's files say, in milliseconds.
const TIMEOUT_MS: f64 = 500.0;
const DELAY_MS: f64 = 800.0;

/// The sidecar of web gave the call up.
fn is_given_up(call: &UpstreamCall) -> bool {
    let finding = call.finding.as_ref();
    let cause = finding.map(|finding| finding.cause);
    call.status == Some(504) && call.upstream_ms.is_none() && cause == Some(Cause::ProxyTimeout)
}

pub(in crate::claims) fn timeout(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("stock-api")?;
    let shop = target.shop.where_visitors_wait();
    // The delay at the called end has no route by which to tell that it is in force.
    wait_until(|| shop.view().stock_calls().all(is_given_up));
    let pages = shop.views(100, &[]);
    let calls: Vec<&UpstreamCall> = pages.iter().flat_map(Page::stock_calls).collect();
    let given_up = calls.iter().filter(|call| is_given_up(call)).count();
    let latencies = || calls.iter().map(|call| call.latency_ms);
    let (shortest, longest) = (
        latencies().fold(f64::INFINITY, f64::min),
        latencies().fold(0.0, f64::max),
    );
    let lists = |page: &&Page| page.status == 200 && page.products().len() == 4;
    let good = pages.iter().filter(lists).count();
    Ok(vec![
        route,
        Claim::new(
            "web's sidecar gives up each read of stock-api: 504",
            given_up == calls.len() && calls.len() == 400,
            format!("{given_up} of {} calls", calls.len()),
        ),
        Claim::new(
            "after 0.5 s, and so before the answer, which takes 0.8 s",
            shortest >= TIMEOUT_MS - TIMER_ERROR_MS && longest < DELAY_MS,
            format!("{shortest:.0} to {longest:.0} ms"),
        ),
        Claim::new(
            "every page is 200 and lists all widgets, without their stock",
            good == pages.len() && pages.iter().all(Page::has_unknown),
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
