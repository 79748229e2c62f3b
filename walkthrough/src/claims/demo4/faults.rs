//! Faults that the proxy injects which chooses where a call goes: the caller's sidecar, or a waypoint.

use web::contract::UpstreamCall;

use crate::claims::claim::Claim;
use crate::claims::proportion::{Share, judge, sample_size};
use crate::claims::routes;
use crate::claims::target::Target;
use crate::cluster::SHOP;
use crate::cluster::kubectl::kubectl;
use crate::observe::page::{Page, statuses};

/// What demo 4 injects: the same numbers as in its files.
pub(in crate::claims) const ABORTED: f64 = 0.2;
const DELAYED: f64 = 0.7;
/// By how much a delay may be shorter than its file says: Envoy's timers count from the beginning
/// of a round of its event loop, and so end some milliseconds early under load.
pub(in crate::claims) const TIMER_ERROR_MS: f64 = 50.0;
const DELAY_MS: f64 = 1500.0 - TIMER_ERROR_MS;
/// Each product of a page is a row, and a call of stock-api.
const ROWS: i32 = 4;

/// Whether a fault made a `proxy`, such as "web's sidecar", answer in stock-api's place.
pub(in crate::claims) fn is_aborted(call: &UpstreamCall, proxy: &str) -> bool {
    let finding = call.finding.as_ref().map(|finding| &finding.title);
    let title = format!("Abort injected by {proxy}");
    call.status == Some(503) && finding == Some(&title)
}

/// A `proxy`, such as "web's sidecar", answers in stock-api's place.
pub(in crate::claims) fn abort(target: &Target, proxy: &str) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("stock-api")?;
    let mut pages = Vec::new();
    let calls = judge(
        format!("20 % of the calls of stock-api fail with 503, by {proxy}"),
        ABORTED,
        sample_size(ABORTED),
        |n| {
            pages = target.shop.views(n / 4, &[]);
            Share::count(pages.iter().flat_map(Page::stock_calls), |call| {
                is_aborted(call, proxy)
            })
        },
    );
    let mut all = pages;
    let mut pages = Vec::new();
    let expected = 1.0 - (1.0 - ABORTED).powi(ROWS);
    let text = "59 % of the pages show an unknown row: 1 - 0.8 to the power of 4";
    let unknown = judge(text, expected, sample_size(expected), |n| {
        pages = target.shop.views(n, &[]);
        Share::count(&pages, |page| page.has_unknown())
    });
    all.extend(pages);
    let good = all.iter().filter(|page| page.status == 200).count();
    let good = Claim::new("every page is 200", good == all.len(), statuses(&all));
    // Other lines may be of an earlier fault, so this searches for one page by its trace.
    let missed = all.iter().rfind(|page| page.has_unknown());
    let log = log_of(missed.and_then(Page::trace_id))?;
    Ok(vec![route, calls, unknown, good, log])
}

/// web's log has a line that says why a call in the trace `id` failed.
fn log_of(id: Option<&str>) -> anyhow::Result<Claim> {
    let log = kubectl(&[
        "logs", "-n", SHOP, "-l", "app=web", "-c", "web", "--since", "120s", "--tail", "-1",
    ])?;
    let line = id.and_then(|id| {
        log.lines()
            .find(|line| line.contains(id) && line.contains("fault filter abort"))
    });
    let evidence = line.unwrap_or_default();
    Ok(Claim::new("web's log says why", line.is_some(), evidence))
}

pub(in crate::claims) fn delay(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("stock-api")?;
    let shop = target.shop.where_visitors_wait();
    let (mut pages, mut shortest) = (Vec::new(), f64::INFINITY);
    let text = "70 % of the calls of stock-api take longer";
    let calls = judge(text, DELAYED, sample_size(DELAYED), |n| {
        pages = shop.views(n / 4, &[]);
        let calls = || pages.iter().flat_map(Page::stock_calls);
        shortest = shortest_from(calls(), DELAY_MS);
        Share::count(calls(), |call| call.latency_ms >= DELAY_MS)
    });
    let mut all = pages;
    let mut pages = Vec::new();
    let expected = 1.0 - (1.0 - DELAYED).powi(ROWS);
    let text = "99.2 % of the pages wait for one: 1 - 0.3 to the power of 4";
    let slow = judge(text, expected, 4 * sample_size(expected), |n| {
        pages = shop.views(n, &[]);
        Share::count(&pages, |page| page.seconds >= DELAY_MS / 1000.0)
    });
    all.extend(pages);
    let slowest = all.iter().map(|page| page.seconds).fold(0.0, f64::max);
    Ok(vec![
        route,
        calls,
        // The quickest of hundreds of calls has none of the time that a busy laptop adds.
        Claim::new(
            "and that is 1.5 s",
            shortest < 1600.0,
            format!("the shortest wait was {shortest:.0} ms"),
        ),
        slow,
        Claim::new(
            "every page is complete, and within web's deadline of 3 s a call",
            all.iter().all(Page::is_complete) && slowest < 3.0,
            format!("{}, the slowest after {slowest:.2} s", statuses(&all)),
        ),
    ])
}

/// The shortest latency of those calls that took at least `delay`, in milliseconds; infinite when no
/// call did.
pub(super) fn shortest_from<'a>(calls: impl Iterator<Item = &'a UpstreamCall>, delay: f64) -> f64 {
    calls
        .map(|call| call.latency_ms)
        .filter(|latency| *latency >= delay)
        .fold(f64::INFINITY, f64::min)
}

pub(in crate::claims) fn test_users(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = vec![routes::arrive("stock-api")?];
    let has_no_stock = |page: &&Page| {
        let aborted = page
            .stock_calls()
            .filter(|call| is_aborted(call, "web's sidecar"));
        page.status == 200 && page.prices().len() == 4 && aborted.count() == 4
    };
    for (text, header) in [
        (
            "the test user's pages show no stock at all",
            ("end-user", "tester"),
        ),
        (
            "nor do those of who switched it on",
            ("cookie", "end-user=tester"),
        ),
    ] {
        let hit = Share::count(&target.shop.views(50, &[header]), has_no_stock);
        let evidence = format!("{} of {}", hit.hits, hit.total);
        claims.push(Claim::new(text, hit.hits == hit.total, evidence));
    }
    let mut others = target.shop.views(300, &[]);
    others.extend(target.shop.views(20, &[("end-user", "tester2")]));
    let spared = Share::count(&others, |page| page.is_complete());
    claims.push(Claim::new(
        "nobody else's pages miss anything, a tester2's included",
        spared.hits == spared.total,
        format!("{} of {} complete", spared.hits, spared.total),
    ));
    Ok(claims)
}
