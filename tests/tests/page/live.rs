//! Live: the page asks for itself many times a second, and draws what came.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::chromium::Browser;
use testkit::database::TestDatabase;
use testkit::envoy::endpoint;
use testkit::process::ServiceProcess;

use crate::filters::{abort, delay, fault, rate_limit};
use crate::hop::Hop;
use crate::mesh::{Mesh, Plan, service};

/// Opens the page with `query`, and waits until Live has seen `pages` of v1.
async fn watch(mesh: &Mesh, query: &str, pages: u32) -> Browser {
    let browser = Browser::open(&format!("{}/?{query}", mesh.url)).await;
    let count = "return Number(document.querySelector('#live-versions-legend').textContent
        .match(/v1\\s+(\\d+)/)?.[1])";
    let deadline = Instant::now() + Duration::from_secs(30);
    let is_enough = |count: Value| {
        count
            .as_f64()
            .is_some_and(|count| count >= f64::from(pages))
    };
    while !is_enough(browser.page.execute(count, Vec::new()).await.unwrap()) {
        assert!(Instant::now() < deadline, "few pages were counted");
        browser.next_frame().await;
    }
    browser
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn share_of_the_canary_is_judged_by_its_interval() {
    let shop = TestDatabase::new().await.shop;
    let products = |version| {
        let mut command = service("products-api");
        let database = ("DATABASE_URL", shop.products_url.as_str());
        ServiceProcess::start(command.envs([database, ("APP_VERSION", version)]))
    };
    let (v1, v2) = (products("v1"), products("v2"));
    let mesh = Mesh::start(|plan| {
        // Three of four in turn.
        let ends = [v1.port, v1.port, v1.port, v2.port];
        let mut all = endpoint("products-api", v1.port);
        all["endpoints"][0]["lb_endpoints"] = ends
            .map(|port| endpoint("products-api", port)["endpoints"][0]["lb_endpoints"][0].clone())
            .into();
        plan.into_products.cluster["load_assignment"] = all;
    })
    .await;
    let browser = watch(&mesh, "live=50&expect=25", 150).await;
    let share = browser.text("#live-share").await;
    let percent = share
        .trim_start_matches("v2 ")
        .trim_end_matches("\u{202f}%");
    assert!((23.0..27.0).contains(&percent.parse().unwrap()), "{share}");
    assert_eq!(
        browser.text("#live-verdict").await,
        "expected v2 25 %: holds"
    );
    assert_eq!(browser.text("#live-failed").await, "0\u{202f}%");

    let browser = watch(&mesh, "live=50&expect=50", 150).await;
    let verdict = browser.text("#live-verdict").await;
    assert_eq!(verdict, "expected v2 50 %: does not hold");
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn failures_are_counted_by_cause_until_it_is_switched_off() {
    let mesh = Mesh::start(|plan| plan.to_stock.filters.push(fault(abort()))).await;
    let browser = watch(&mesh, "live=50", 150).await;
    assert_eq!(browser.text("#live-failed").await, "100\u{202f}%");
    assert_eq!(browser.text("#live-stock").await, "100\u{202f}%");
    let cause = browser.text("#live-failures-legend li").await;
    assert!(cause.contains("Abort injected by web's sidecar"), "{cause}");
    assert!(
        cause.contains("istio/demo4/stock-api/virtual-service.yaml ends it"),
        "{cause}"
    );

    browser.click("#live-switch").await;
    browser.wait("#live-switch[aria-checked='false']").await;
    assert_eq!(browser.eval("location.search").await, "");
    // In the time of twenty pages, none is asked for. (One that was asked for before may end only now.)
    let asked = "performance.clearResourceTimings();
        const off = performance.now();
        const asked = () => performance.getEntriesByType('resource');
        const since = () => asked().filter((entry) => entry.startTime > off);
        setTimeout(() => arguments[0](since().length), 400)";
    let asked = browser.page.execute_async(asked, Vec::new()).await.unwrap();
    assert_eq!(asked, 0);
}

/// Watches `pages` in a mesh with `change`, in which almost every page lacks a stock because of `title`,
/// and `file` tells more.
async fn assert_counts(change: impl FnOnce(&mut Plan), pages: u32, title: &str, file: &str) {
    let mesh = Mesh::start(change).await;
    let browser = watch(&mesh, "live=50", pages).await;
    let number = async |css| {
        let percent = browser.text(css).await;
        let number = percent.trim_end_matches("\u{202f}%").parse::<f64>();
        number.unwrap()
    };
    assert!(number("#live-failed").await > 90.0);
    assert!(number("#live-stock").await > 50.0);
    let causes = browser.texts("#live-failures-legend li").await;
    let (cause, others) = causes.split_first().unwrap();
    assert!(others.iter().all(String::is_empty), "{causes:?}");
    assert!(cause.contains(&format!("stock-api: {title}")), "{cause}");
    assert!(cause.contains(file), "{cause}");
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn rate_limit_is_a_cause_of_failures() {
    let change = |plan: &mut Plan| plan.into_stock.filters.push(rate_limit(4));
    let title = "Rate limited by stock-api's sidecar";
    let file = "istio/demo6/rate-limit/local-rate-limit.yaml";
    assert_counts(change, 150, title, file).await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn overflow_is_a_cause_of_failures() {
    let change = |plan: &mut Plan| {
        let limits = json!({ "max_requests": 1 });
        plan.to_stock.cluster["circuit_breakers"] = json!({ "thresholds": [limits] });
        plan.into_stock.filters.push(fault(delay(0.2))); // until all four of a page have come
    };
    let title = "Too many at once for web's sidecar";
    let file = "istio/demo6/breaker/connection-pool.yaml";
    assert_counts(change, 30, title, file).await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn page_that_lacks_nothing_but_a_word_of_the_supplier_is_no_failed_page() {
    let mesh = Mesh::start(|plan| {
        let mut hop = Hop::to("supplier");
        hop.route = json!({ "match": { "prefix": "/" }, "direct_response": { "status": 502 } });
        plan.to_supplier = Some(hop);
    })
    .await;
    let browser = watch(&mesh, "live=50", 150).await;
    let not_registered = "tr[data-level='none'] .availability small";
    assert_eq!(
        browser.texts(not_registered).await,
        ["Blocked by web's sidecar"]
    );
    assert_eq!(browser.text("#live-failed").await, "0\u{202f}%");
    assert_eq!(browser.text("#live-stock").await, "0\u{202f}%");
    let causes = browser.texts("#live-failures-legend li").await;
    assert!(causes.iter().all(String::is_empty), "{causes:?}");
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn delay_is_seen_in_the_median_and_in_the_rate() {
    let mesh = Mesh::start(|plan| plan.to_stock.filters.push(fault(delay(1.5)))).await;
    let browser = watch(&mesh, "live=50", 20).await;
    let median = browser.text("#live-median").await;
    let seconds: f64 = median.split_whitespace().next().unwrap().parse().unwrap();
    assert!(
        seconds >= 1.5 && median.ends_with('s') && !median.ends_with("ms"),
        "{median}"
    );
    assert_eq!(browser.text("#live-failed").await, "0\u{202f}%");
    let cause = browser.text("#live-latencies-legend li").await;
    assert!(cause.contains("Delayed in web's sidecar"), "{cause}");
    let state = browser.text("#live-state").await;
    assert!(
        state.contains("of 50 a second: answers take too long"),
        "{state}"
    );
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn bad_values_start_nothing_and_say_what_is_allowed() {
    let mesh = Mesh::start(|_| ()).await;
    let rate = "Pages a second: a whole number from 1 to 50";
    let share = "Expected share: a number from 0 to 100, or nothing";
    for (query, value, allowed) in [
        ("live=0", "0", rate),
        ("live=51", "51", rate),
        ("live=abc", "abc", rate),
        ("live=10&expect=101", "101", share),
    ] {
        let browser = Browser::open(&format!("{}/?{query}", mesh.url)).await;
        browser.wait("#live-problem:not(:empty)").await;
        let problem = browser.text("#live-problem").await;
        assert_eq!(problem, format!("{allowed}, not “{value}”."));
        browser.wait("#live-switch[aria-checked='false']").await;
    }
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn it_is_not_shown_where_no_script_runs() {
    let mesh = Mesh::start(|_| ()).await;
    let without = Browser::open_without_scripts(&mesh.url).await;
    let panel = without.wait("#live-panel").await;
    assert!(!panel.is_displayed().await.unwrap());

    let with = Browser::open(&mesh.url).await;
    let switch = with.wait("#live-switch:enabled").await;
    assert!(switch.is_displayed().await.unwrap());
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn strips_follow_the_size_of_the_window() {
    let mesh = Mesh::start(|_| ()).await;
    let browser = watch(&mesh, "live=50", 150).await;
    let width_of_strip_and_end_of_newest_column = "
        const strip = document.querySelector('#live-versions');
        const { x, width } = strip.querySelector('.series').getBBox();
        return [strip.getBoundingClientRect().width, x + width].map(Math.round)";
    let mut widths = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    for window in [1200, 900] {
        browser.page.set_window_size(window, 600).await.unwrap();
        let width = loop {
            assert!(Instant::now() < deadline, "no strip as wide as {window}");
            browser.next_frame().await;
            let drawn = width_of_strip_and_end_of_newest_column;
            let drawn = browser.page.execute(drawn, Vec::new()).await.unwrap();
            if drawn[0] == drawn[1] && !widths.contains(&drawn[0]) {
                break drawn[0].clone();
            }
        };
        widths.push(width);
    }
}
