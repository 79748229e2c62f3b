//! Canary releases, faults that a caller's sidecar injects, and the ingress gateway.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::proportion::{Share, enough, judge};
use super::shop::{Page, statuses};
use super::{Bench, Claim, demo2, route};
use crate::cluster::{SHOP, get, items, kubectl};

/// What demo 4 injects: the same numbers as in its files.
pub(super) const ABORTED: f64 = 0.2;
const DELAYED: f64 = 0.7;
/// Less than the delay by Envoy's error: its timers count from the beginning of a turn of its loop, and
/// under load end some milliseconds early.
const DELAY_MS: f64 = 1500.0 - TIMER_ERROR_MS;
pub(super) const TIMER_ERROR_MS: f64 = 50.0;
const ROWS: i32 = 4;

pub(super) fn canary_v2(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let label = "kubernetes.io/service-name=products-api";
    let slices = get(&["endpointslices", "-n", SHOP, "-l", label])?;
    let pods = items(&slices).flat_map(|slice| slice["endpoints"].as_array().into_iter().flatten());
    let ready = pods.filter(|endpoint| endpoint["conditions"]["ready"] == true);
    let names = ready.filter_map(|endpoint| endpoint["targetRef"]["name"].as_str());
    let new: Vec<&str> = names
        .filter(|name| name.starts_with("products-api-v2"))
        .collect();
    let route = route::arrives("products-api")?;
    let pages = bench.shop.views(300, &[]);
    let share = Share::of(&pages, |page| page.version() == "v1" && has_its_price(page));
    Ok(vec![
        Claim::new(
            "pods of v2 are endpoints of the Service",
            !new.is_empty(),
            new.join(", "),
        ),
        route,
        Claim::new(
            "and yet nobody is sent to v2",
            share.hits == share.of,
            format!(
                "{} of {} pages are v1's, with its prices",
                share.hits, share.of
            ),
        ),
        demo2::analyzed()?,
    ])
}

pub(super) fn canary(bench: &Bench, expected: f64) -> anyhow::Result<Vec<Claim>> {
    let is_new = |page: &&Page| page.version() == "v2";
    let route = route::arrives("products-api")?;
    let mut pages = Vec::new();
    let text = format!("v2 answers {} % of the visitors", 100.0 * expected);
    let is_all = (expected - 1.0).abs() < f64::EPSILON;
    let share = if is_all {
        pages = bench.shop.views(300, &[]);
        let share = Share::of(&pages, is_new);
        let evidence = format!("{} of {}", share.hits, share.of);
        Claim::new(text, share.hits == share.of, evidence)
    } else {
        judge(text, expected, enough(expected), |n| {
            pages = bench.shop.views(n, &[]);
            Share::of(&pages, is_new)
        })
    };
    let right = Share::of(&pages, |page| has_its_price(page));
    let new = Share::of(&pages, is_new).hits;
    let old = right.of - new;
    Ok(vec![
        route,
        share,
        Claim::new(
            "prices of v2 are 1.75 times those of v1, to the cent",
            right.hits == right.of && new > 0 && (is_all || old > 0),
            format!(
                "{} of {} pages, {new} of v2 and {old} of v1",
                right.hits, right.of
            ),
        ),
    ])
}

/// Whether a page shows the prices of the version that answered.
fn has_its_price(page: &Page) -> bool {
    match page.version() {
        "v1" => page.prices() == [30.0, 8.0, 15.5, 6000.0],
        "v2" => page.prices() == [52.5, 14.0, 27.13, 10500.0],
        _ => false,
    }
}

/// Whether a fault made the sidecar of `whose` pod answer in stock-api's place.
pub(super) fn is_aborted(call: &Value, whose: &str) -> bool {
    let finding = &call["finding"];
    call["status"] == 503 && finding["title"] == format!("Abort injected by {whose}'s sidecar")
}

pub(super) fn fault_abort(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let route = route::arrives("stock-api")?;
    let mut pages = Vec::new();
    let calls = judge(
        "20 % of the calls of stock-api fail with 503, by web's own sidecar",
        ABORTED,
        enough(ABORTED),
        |n| {
            pages = bench.shop.views(n / 4, &[]);
            Share::of(pages.iter().flat_map(Page::stock_calls), |call| {
                is_aborted(call, "web")
            })
        },
    );
    let mut all = pages;
    let mut pages = Vec::new();
    let expected = 1.0 - (1.0 - ABORTED).powi(ROWS);
    let text = "59 % of the pages show an unknown row: 1 - 0.8 to the power of 4";
    let unknown = judge(text, expected, enough(expected), |n| {
        pages = bench.shop.views(n, &[]);
        Share::of(&pages, |page| page.has_unknown())
    });
    all.extend(pages);
    let good = all.iter().filter(|page| page.status == 200).count();
    // The last page that missed something, by its id: others' lines may be of an earlier fault.
    let missed = all.iter().rfind(|page| page.has_unknown());
    let id = missed.and_then(|page| page.json["request_id"].as_str());
    let log = kubectl(&[
        "logs", "-n", SHOP, "-l", "app=web", "-c", "web", "--since", "120s", "--tail", "-1",
    ])?;
    let is_it =
        |line: &&str| id.is_some_and(|id| line.contains(id)) && line.contains("fault filter abort");
    let why = log.lines().find(is_it);
    Ok(vec![
        route,
        calls,
        unknown,
        Claim::new("every page is 200", good == all.len(), statuses(&all)),
        Claim::new("web's log says why", why.is_some(), why.unwrap_or_default()),
    ])
}

pub(super) fn fault_delay(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let route = route::arrives("stock-api")?;
    let latency = |call: &Value| call["latency_ms"].as_f64();
    let (mut pages, mut shortest) = (Vec::new(), f64::INFINITY);
    let text = "70 % of the calls of stock-api take longer";
    let calls = judge(text, DELAYED, enough(DELAYED), |n| {
        pages = bench.shop.views(n / 4, &[]);
        let calls = || pages.iter().flat_map(Page::stock_calls);
        let delayed = calls().filter_map(latency).filter(|ms| *ms >= DELAY_MS);
        shortest = delayed.fold(f64::INFINITY, f64::min);
        Share::of(calls(), |call| latency(call) >= Some(DELAY_MS))
    });
    let mut all = pages;
    let mut pages = Vec::new();
    let expected = 1.0 - (1.0 - DELAYED).powi(ROWS);
    let text = "99.2 % of the pages wait for one: 1 - 0.3 to the power of 4";
    let slow = judge(text, expected, 4 * enough(expected), |n| {
        pages = bench.shop.views(n, &[]);
        Share::of(&pages, |page| page.seconds >= DELAY_MS / 1000.0)
    });
    all.extend(pages);
    let slowest = all.iter().map(|page| page.seconds).fold(0.0, f64::max);
    Ok(vec![
        route,
        calls,
        // The quickest of hundreds: what a laptop adds is no part of it.
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

pub(super) fn fault_test_users(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let route = route::arrives("stock-api")?;
    let blind = |page: &&Page| {
        let aborted = page.stock_calls().filter(|call| is_aborted(call, "web"));
        page.status == 200 && page.prices().len() == 4 && aborted.count() == 4
    };
    let mut claims = vec![route];
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
        let hit = Share::of(&bench.shop.views(50, &[header]), blind);
        let evidence = format!("{} of {}", hit.hits, hit.of);
        claims.push(Claim::new(text, hit.hits == hit.of, evidence));
    }
    let mut others = bench.shop.views(300, &[]);
    others.extend(bench.shop.views(20, &[("end-user", "tester2")]));
    let spared = Share::of(&others, |page| page.is_complete());
    claims.push(Claim::new(
        "nobody else's pages miss anything, a tester2's included",
        spared.hits == spared.of,
        format!("{} of {} complete", spared.hits, spared.of),
    ));
    Ok(claims)
}

pub(super) fn ingress(bench: &Bench) -> Vec<Claim> {
    // Gateway, routes and policy arrive one after the other.
    soon(|| {
        bench.gateway.get("/", &[]).status == 200
            && bench.gateway.get("/products", &[]).status == 200
    });
    let page = bench.gateway.get("/", &[]);
    let products = bench.gateway.get("/products", &[]);
    let caller = products.header("x-widgetario-caller");
    let gateway = "spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account";
    let pages = bench.shop.views(50, &[]);
    let is_first = |call: &&Value| call["version"] == "v1" && call["status"] == 200;
    let calls = Share::of(pages.iter().flat_map(Page::stock_calls), is_first);
    vec![
        Claim::new(
            "the gateway shows the shop",
            page.shows_all() && page.body.contains("Arm64 SoC"),
            format!("status {}", page.status),
        ),
        Claim::new(
            "and leads /products to products-api",
            products.status == 200 && products.json[0]["name"] == "Arm64 SoC",
            format!("status {}: {:.60}", products.status, products.body),
        ),
        Claim::new(
            "which sees the gateway's identity",
            caller == gateway,
            format!("{caller:?}"),
        ),
        Claim::new(
            "the broken replica gets no calls",
            calls.hits == calls.of && calls.of == 200,
            format!("{} of {} calls answered by v1", calls.hits, calls.of),
        ),
    ]
}

/// Waits until something holds, for 15 s at most: what follows says whether it does.
pub(super) fn soon(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() && begin.elapsed() < Duration::from_secs(15) {
        std::thread::sleep(Duration::from_millis(200));
    }
}
