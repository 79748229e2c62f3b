//! Faults of the called service itself, and what withstands them.

use serde_json::Value;
use web::contract::UpstreamCall;

use super::faults::{ABORTED, TIMER_ERROR_MS, is_aborted, shortest_from};
use crate::claims::claim::Claim;
use crate::claims::proportion::{Share, judge, sample_size};
use crate::claims::routes;
use crate::claims::target::Target;
use crate::cluster::pods::{self, is_ready};
use crate::observe::endpoints::ejected;
use crate::observe::shop::ShopClient;
use crate::observe::wait::wait_until;

/// What demo 4 delays: the same numbers as in its files.
const DELAYED: f64 = 0.1;
const DELAY_MS: f64 = 900.0 - TIMER_ERROR_MS;

fn is_failed(call: &UpstreamCall) -> bool {
    call.status != Some(200)
}

fn failures(shop: &ShopClient, n: usize) -> Share {
    Share::count(&shop.stock_calls(n), |call| is_failed(call))
}

pub(in crate::claims) fn faults(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("stock-api")?;
    let aborted = |n: usize| {
        let calls = target.shop.stock_calls(n);
        Share::count(&calls, |call| is_aborted(call, "stock-api's sidecar"))
    };
    wait_until(|| aborted(100).hits > 0);
    let text = "20 % of the calls fail with 503, by stock-api's own sidecar";
    let failures = judge(text, ABORTED, sample_size(ABORTED), aborted);
    let mut shortest = f64::INFINITY;
    let text = "10 % take longer";
    let slow = judge(text, DELAYED, sample_size(DELAYED), |n| {
        let calls = target.shop.stock_calls(n);
        shortest = shortest_from(calls.iter(), DELAY_MS);
        Share::count(&calls, |call| call.latency_ms >= DELAY_MS)
    });
    let length = Claim::new(
        "and that is 0.9 s",
        shortest < 1000.0,
        format!("the shortest wait was {shortest:.0} ms"),
    );
    Ok(vec![route, failures, slow, length])
}

pub(in crate::claims) fn retries(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("stock-api")?;
    let shop = target.shop.where_visitors_wait();
    let expected = ABORTED.powi(3);
    let text = "0.8 % of the calls still fail: 0.2 to the power of 3";
    let failures = judge(text, expected, 4000, |n| failures(&shop, n));
    // The share of the successful calls that needed another try: at the first try, 0.8 of 1 - 0.008
    // succeed.
    let expected_again = 1.0 - (1.0 - ABORTED) / (1.0 - expected);
    let text = "19 % of the good answers came at the second or third try";
    let attempts = judge(text, expected_again, sample_size(expected_again), |n| {
        let mut calls = shop.stock_calls(n);
        calls.retain(|call| !is_failed(call));
        Share::count(&calls, |call| {
            matches!(call.attempt.as_deref(), Some("2" | "3"))
        })
    });
    let text = "20 % of the sales fail: none is tried again";
    let sales = judge(text, ABORTED, sample_size(ABORTED), |n| {
        Share::count(shop.sales(n), |page| page.status != 404)
    });
    let one_try = routes::sales_have_one_try()?;
    Ok(vec![route, failures, attempts, sales, one_try])
}

pub(in crate::claims) fn timeout(target: &Target) -> anyhow::Result<Vec<Claim>> {
    // A try fails, or is too slow: 1 - 0.8 x 0.9.
    let expected = (1.0 - (1.0 - ABORTED) * (1.0 - DELAYED)).powi(3);
    let route = routes::arrive("stock-api")?;
    let mut slowest = 0.0_f64;
    let text = "2.2 % of the calls fail: 0.28 to the power of 3";
    let failures = judge(text, expected, 2000, |n| {
        let calls = target.shop.stock_calls(n);
        let latencies = calls.iter().map(|call| call.latency_ms);
        slowest = latencies.fold(slowest, f64::max);
        Share::count(&calls, |call| is_failed(call))
    });
    Ok(vec![
        route,
        Claim::new(
            "no call takes longer than the timeout of 1 s",
            slowest > 0.0 && slowest < 1200.0,
            format!("the slowest took {slowest:.0} ms, as web saw it"),
        ),
        failures,
        routes::sales_have_one_try()?,
    ])
}

pub(in crate::claims) fn outliers(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("stock-api")?;
    let pods = pods::running()?;
    let is_broken = |pod: &&Value| pod["metadata"]["labels"]["version"] == "broken";
    let broken: Vec<&Value> = pods
        .iter()
        .filter(is_broken)
        .filter(|pod| is_ready(pod))
        .collect();
    wait_until(|| failures(&target.shop, 100).hits == 0);
    // After some minutes the sidecar tries the ejected replica again, and a few calls fail: a round
    // with such calls does not count.
    let (mut before, mut share, mut after);
    let mut repetitions = 0..3;
    loop {
        before = ejected(&broken)?;
        share = failures(&target.shop, 400);
        after = ejected(&broken)?;
        let is_ejected = before == broken.len() && after == before;
        if (is_ejected && share.hits == 0) || repetitions.next().is_none() {
            break;
        }
    }
    Ok(vec![
        route,
        Claim::new(
            "a replica that always fails is ready, and so an endpoint",
            !broken.is_empty(),
            format!("{} pods", broken.len()),
        ),
        Claim::new(
            "web's sidecar has ejected it",
            after > 0 && before == broken.len() && after == broken.len(),
            format!("{after} of {} fail its check for outliers", broken.len()),
        ),
        Claim::new(
            "the failures are over",
            share.hits == 0 && share.total > 0,
            format!("{} of {} calls failed", share.hits, share.total),
        ),
        routes::sales_have_one_try()?,
    ])
}
