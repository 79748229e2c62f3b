//! Faults of the called service itself, and what withstands them.

use anyhow::Context;
use serde_json::Value;

use super::demo4::{ABORTED, TIMER_ERROR_MS, is_aborted, soon};
use super::proportion::{Share, enough, judge};
use super::shop::Page;
use super::{Bench, Claim, route};
use crate::cluster::{SHOP, is_ready, output, pods};

fn failed(call: &Value) -> bool {
    call["status"] != 200
}

fn stock_failures(bench: &Bench, n: usize) -> Share {
    let pages = bench.shop.views(n.div_ceil(4), &[]);
    Share::of(pages.iter().flat_map(Page::stock_calls), |call| {
        failed(call)
    })
}

pub(super) fn faults(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    const SLOW: f64 = 0.1;
    let route = route::arrives("stock-api")?;
    let aborted = |n: usize| {
        let pages = bench.shop.views(n.div_ceil(4), &[]);
        Share::of(pages.iter().flat_map(Page::stock_calls), |call| {
            is_aborted(call, "stock-api")
        })
    };
    soon(|| aborted(100).hits > 0);
    let text = "20 % of the calls fail with 503, by stock-api's own sidecar";
    let failures = judge(text, ABORTED, enough(ABORTED), aborted);
    let mut shortest = f64::INFINITY;
    let text = "10 % take longer";
    let slow = judge(text, SLOW, enough(SLOW), |n| {
        let pages = bench.shop.views(n.div_ceil(4), &[]);
        let latencies = pages
            .iter()
            .flat_map(Page::stock_calls)
            .filter_map(|call| call["latency_ms"].as_f64());
        let latencies: Vec<f64> = latencies.collect();
        let is_slow = |ms: &&f64| **ms >= 900.0 - TIMER_ERROR_MS;
        shortest = latencies
            .iter()
            .filter(is_slow)
            .copied()
            .fold(f64::INFINITY, f64::min);
        Share::of(&latencies, is_slow)
    });
    let length = Claim::new(
        "and that is 0.9 s",
        shortest < 1000.0,
        format!("the shortest wait was {shortest:.0} ms"),
    );
    Ok(vec![route, failures, slow, length])
}

/// What web's own sidecar was told of calls that may be sales: to make one try. Its default is three when
/// the connection fails.
fn no_second_try() -> anyhow::Result<Claim> {
    let of_web = ["proxy-config", "routes", "deployment/web", "-n", SHOP];
    let told = output("istioctl", &[&of_web[..], &["--output=json"]].concat())?;
    let told: Value = serde_json::from_str(&told).context("istioctl wrote no JSON")?;
    let all = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let hosts = all(&told)
        .into_iter()
        .flat_map(|it| all(&it["virtualHosts"]));
    let is_stock = |host: &Value| host["name"] == "stock-api.widgetario.svc.cluster.local:80";
    let routes = hosts.filter(is_stock).flat_map(|it| all(&it["routes"]));
    let takes_sales = |route: &Value| {
        let conditions = all(&route["match"]["headers"]);
        !conditions.iter().any(|it| it["name"] == ":method")
    };
    let more_tries = |route: &Value| route::retries(&route["route"]["retryPolicy"]);
    let more_tries: Vec<u64> = routes
        .filter(takes_sales)
        .map(|it| more_tries(&it))
        .collect();
    Ok(Claim::new(
        "web's sidecar makes one try of what may be a sale, even when the connection fails",
        !more_tries.is_empty() && more_tries.iter().all(|more| *more == 0),
        format!("more tries, route by route: {more_tries:?}"),
    ))
}

pub(super) fn retries(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let route = route::arrives("stock-api")?;
    let expected = ABORTED.powi(3);
    let text = "0.8 % of the calls still fail: 0.2 to the power of 3";
    let failures = judge(text, expected, 4000, |n| stock_failures(bench, n));
    // Of those that succeed, how many did so at the first try: 0.8 of 1 - 0.008.
    let again = 1.0 - (1.0 - ABORTED) / (1.0 - expected);
    let text = "19 % of the good answers came at the second or third try";
    let attempts = judge(text, again, enough(again), |n| {
        let pages = bench.shop.views(n.div_ceil(4), &[]);
        let good = pages
            .iter()
            .flat_map(Page::stock_calls)
            .filter(|call| !failed(call));
        Share::of(good, |call| {
            call["attempt"] == "2" || call["attempt"] == "3"
        })
    });
    let text = "20 % of the sales fail: none is tried again";
    let sales = judge(text, ABORTED, enough(ABORTED), |n| {
        Share::of(bench.shop.sales(n), |page| page.status != 404)
    });
    Ok(vec![route, failures, attempts, sales, no_second_try()?])
}

pub(super) fn timeout(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    // A try is cut, or fails: 1 - 0.8 x 0.9.
    let expected = (1.0 - (1.0 - ABORTED) * 0.9).powi(3);
    let route = route::arrives("stock-api")?;
    let mut slowest = 0.0_f64;
    let text = "2.2 % of the calls fail: 0.28 to the power of 3";
    let failures = judge(text, expected, 2000, |n| {
        let pages = bench.shop.views(n.div_ceil(4), &[]);
        let calls = || pages.iter().flat_map(Page::stock_calls);
        slowest = calls()
            .filter_map(|call| call["latency_ms"].as_f64())
            .fold(slowest, f64::max);
        Share::of(calls(), |call| failed(call))
    });
    Ok(vec![
        route,
        Claim::new(
            "no call takes longer than the timeout of 1 s",
            slowest > 0.0 && slowest < 1200.0,
            format!("the slowest took {slowest:.0} ms, as web saw it"),
        ),
        failures,
        no_second_try()?,
    ])
}

pub(super) fn outliers(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let route = route::arrives("stock-api")?;
    let pods = pods()?;
    let is_broken = |pod: &&Value| pod["metadata"]["labels"]["version"] == "broken";
    let broken: Vec<&Value> = pods
        .iter()
        .filter(is_broken)
        .filter(|pod| is_ready(pod))
        .collect();
    soon(|| stock_failures(bench, 100).hits == 0);
    // When its minutes are over it is tried again, which costs a few calls: those are not meant.
    let (mut before, mut share, mut after);
    let mut tries = 0..3;
    loop {
        before = ejected(&broken)?;
        share = stock_failures(bench, 400);
        after = ejected(&broken)?;
        let is_out = before == broken.len() && after == before;
        if (is_out && share.hits == 0) || tries.next().is_none() {
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
            share.hits == 0 && share.of > 0,
            format!("{} of {} calls failed", share.hits, share.of),
        ),
        no_second_try()?,
    ])
}

/// How many of `pods` web's sidecar has ejected from those that stock-api's calls may go to.
fn ejected(pods: &[&Value]) -> anyhow::Result<usize> {
    let cluster = format!("outbound|80||stock-api.{SHOP}.svc.cluster.local");
    let endpoints = output(
        "istioctl",
        &[
            "proxy-config",
            "endpoint",
            "deployment/web",
            "-n",
            SHOP,
            "--cluster",
            &cluster,
            "--output",
            "json",
        ],
    )?;
    let endpoints: Value = serde_json::from_str(&endpoints).context("istioctl wrote no JSON")?;
    let hosts = || {
        let clusters = endpoints.as_array().into_iter().flatten();
        clusters.flat_map(|cluster| cluster["hostStatuses"].as_array().into_iter().flatten())
    };
    let is_out = |pod: &&&Value| {
        let is_it =
            |host: &&Value| host["address"]["socketAddress"]["address"] == pod["status"]["podIP"];
        let mut states = hosts().filter(is_it).map(|host| &host["healthStatus"]);
        states.any(|state| state["failedOutlierCheck"] == true)
    };
    Ok(pods.iter().filter(is_out).count())
}
