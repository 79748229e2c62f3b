//! Canary releases, faults that a caller's sidecar injects, and the ingress gateway.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::proportion::{Share, enough, judge};
use super::shop::{Page, statuses};
use super::{Bench, Claim, demo2};
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
    let names = pods.filter_map(|endpoint| endpoint["targetRef"]["name"].as_str());
    let new: Vec<&str> = names
        .filter(|name| name.starts_with("products-api-v2"))
        .collect();
    let pages = settled(bench, |page| page.version() == "v1");
    let share = Share::of(&pages, |page| page.version() == "v1");
    Ok(vec![
        Claim::new(
            "pods of v2 are endpoints of the Service",
            !new.is_empty(),
            new.join(", "),
        ),
        Claim::new(
            "and yet nobody is sent to v2",
            share.hits == share.of,
            format!("{} of {} pages are v1's", share.hits, share.of),
        ),
        demo2::analyzed()?,
    ])
}

pub(super) fn canary(bench: &Bench, expected: f64) -> Vec<Claim> {
    let is_new = |page: &&Page| page.version() == "v2";
    // The route reaches the sidecar a moment after it was applied.
    soon(|| expected < 1.0 || bench.shop.views(50, &[]).iter().all(|page| is_new(&page)));
    let mut pages = Vec::new();
    let text = format!("v2 answers {} % of the visitors", 100.0 * expected);
    let share = if (expected - 1.0).abs() < f64::EPSILON {
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
    let price = |page: &Page| match page.version() {
        "v1" => page.prices() == [30.0, 8.0, 15.5, 6000.0],
        "v2" => page.prices() == [52.5, 14.0, 27.13, 10500.0],
        _ => false,
    };
    let right = Share::of(&pages, |page| price(page));
    vec![
        share,
        Claim::new(
            "prices of v2 are 1.75 times those of v1, to the cent",
            right.of > 0 && right.hits == right.of,
            format!("{} of {} pages", right.hits, right.of),
        ),
    ]
}

pub(super) fn fault_abort(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    soon(|| bench.shop.views(50, &[]).iter().any(Page::has_unknown));
    let mut pages = Vec::new();
    let aborted = |call: &&Value| {
        let error = call["error"].as_str().unwrap_or_default();
        call["status"] == 503 && error.contains("fault filter abort")
    };
    let calls = judge(
        "20 % of the calls of stock-api fail with 503",
        ABORTED,
        enough(ABORTED),
        |n| {
            pages = bench.shop.views(n / 4, &[]);
            Share::of(pages.iter().flat_map(Page::stock_calls), |call| {
                aborted(call)
            })
        },
    );
    let expected = 1.0 - (1.0 - ABORTED).powi(ROWS);
    let text = "59 % of the pages show an unknown row: 1 - 0.8 to the power of 4";
    let unknown = judge(text, expected, enough(expected), |n| {
        pages = bench.shop.views(n, &[]);
        Share::of(&pages, |page| page.has_unknown())
    });
    let good = Share::of(&pages, |page| page.status == 200);
    let log = kubectl(&[
        "logs", "-n", SHOP, "-l", "app=web", "-c", "web", "--since", "60s", "--tail", "200",
    ])?;
    let why = log.lines().find(|line| line.contains("fault filter abort"));
    Ok(vec![
        calls,
        unknown,
        Claim::new("every page is 200", good.hits == good.of, statuses(&pages)),
        Claim::new("web's log says why", why.is_some(), why.unwrap_or_default()),
    ])
}

pub(super) fn fault_delay(bench: &Bench) -> Vec<Claim> {
    soon(|| {
        bench
            .shop
            .views(10, &[])
            .iter()
            .any(|page| page.seconds >= DELAY_MS / 1000.0)
    });
    let mut pages = Vec::new();
    let text = "70 % of the calls of stock-api take 1.5 s";
    let calls = judge(text, DELAYED, enough(DELAYED), |n| {
        pages = bench.shop.views(n / 4, &[]);
        Share::of(pages.iter().flat_map(Page::stock_calls), |call| {
            call["latency_ms"].as_f64() >= Some(DELAY_MS)
        })
    });
    let expected = 1.0 - (1.0 - DELAYED).powi(ROWS);
    let text = "99.2 % of the pages wait for one: 1 - 0.3 to the power of 4";
    let slow = judge(text, expected, pages.len(), |n| {
        pages = bench.shop.views(n, &[]);
        Share::of(&pages, |page| page.seconds >= DELAY_MS / 1000.0)
    });
    let slowest = pages.iter().map(|page| page.seconds).fold(0.0, f64::max);
    vec![
        calls,
        slow,
        Claim::new(
            "every page is 200, complete, and within web's deadline of 3 s a call",
            pages
                .iter()
                .all(|page| page.status == 200 && !page.has_unknown())
                && slowest < 3.0,
            format!("{}, the slowest after {slowest:.2} s", statuses(&pages)),
        ),
    ]
}

pub(super) fn fault_test_users(bench: &Bench) -> Vec<Claim> {
    let tester = [("end-user", "tester")];
    soon(|| bench.shop.get("/api/shop", &tester).has_unknown());
    let theirs = bench.shop.views(50, &tester);
    let hit = Share::of(&theirs, |page| page.has_unknown());
    let others = settled(bench, |page| !page.has_unknown());
    let spared = Share::of(&others, |page| page.status == 200 && !page.has_unknown());
    vec![
        Claim::new(
            "the test user's pages show unknown rows",
            hit.hits == hit.of,
            format!("{} of {}", hit.hits, hit.of),
        ),
        Claim::new(
            "nobody else's do",
            spared.hits == spared.of,
            format!("{} of {} without", spared.hits, spared.of),
        ),
    ]
}

pub(super) fn ingress(bench: &Bench) -> Vec<Claim> {
    soon(|| bench.gateway.get("/", &[]).status == 200);
    let page = bench.gateway.get("/", &[]);
    let products = bench.gateway.get("/products", &[]);
    vec![
        Claim::new(
            "the gateway shows the shop",
            page.status == 200 && page.body.contains("Arm64 SoC"),
            format!("status {}", page.status),
        ),
        Claim::new(
            "and leads /products to products-api",
            products.status == 200 && products.json[0]["name"] == "Arm64 SoC",
            format!("status {}: {:.60}", products.status, products.body),
        ),
    ]
}

/// Pages, once all of a sample are as they should be: a route reaches each sidecar at its own time.
fn settled(bench: &Bench, is_right: impl Fn(&Page) -> bool) -> Vec<Page> {
    soon(|| bench.shop.views(30, &[]).iter().all(&is_right));
    bench.shop.views(300, &[])
}

/// Waits until something holds, for 15 s at most: what follows says whether it does.
pub(super) fn soon(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() && begin.elapsed() < Duration::from_secs(15) {
        std::thread::sleep(Duration::from_millis(200));
    }
}
