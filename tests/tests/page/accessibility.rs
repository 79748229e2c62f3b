//! The pages under axe-core (<https://github.com/dequelabs/axe-core>), with all its default rules.

use std::fs;

use testkit::chromium::Browser;

use crate::filters::{abort, fault, only};
use crate::mesh::Mesh;
use crate::sign_in::jwt;
use crate::table::buy;

/// Runs axe-core on the page that is open, in light and in dark: it must find nothing.
async fn assert_accessible(browser: &Browser, page: &str) {
    let file = std::env::var("AXE").expect(
        "AXE: the path of axe.min.js, which `npm install axe-core` puts into node_modules/axe-core",
    );
    let axe = fs::read_to_string(file).unwrap();
    let run = "const done = arguments[0];
        const animations = document.getAnimations().map((animation) => animation.finished);
        Promise.allSettled(animations).then(() => axe.run()).then((found) => done(found.violations.map(
            (rule) => `${rule.id}: ${rule.nodes.map((node) => node.html + node.failureSummary)}`)))";
    for scheme in ["light", "dark"] {
        browser.prefer_colors(scheme).await;
        browser.page.execute(&axe, Vec::new()).await.unwrap();
        let violations = browser.page.execute_async(run, Vec::new()).await.unwrap();
        assert_eq!(violations, serde_json::json!([]), "{page}, {scheme}");
    }
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn all_pages_are_accessible() {
    let for_testers = fault(only("end-user", "tester", abort()));
    let mut mesh = Mesh::start(|plan| plan.to_stock.filters.push(for_testers)).await;
    let browser = Browser::open(&mesh.url).await;
    browser.click(".xray summary").await;
    browser.click("#live-switch:enabled").await;
    browser.wait("#live-share:not(:empty)").await;
    assert_accessible(&browser, "all well, Live on").await;

    browser.click("form[action='/test-user'] button").await;
    browser.wait(".finding").await;
    buy(&browser, 1).await;
    browser.wait(".notice[data-tone='failure']").await;
    assert_accessible(&browser, "findings").await;

    mesh.end_products();
    browser.page.refresh().await.unwrap();
    browser.wait(".unavailable").await;
    assert_accessible(&browser, "closed").await;

    let nothing = format!("{}/nothing", mesh.url);
    browser.page.goto(&nothing).await.unwrap();
    assert_accessible(&browser, "nothing here").await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sign_in_is_accessible() {
    let mesh = Mesh::start(jwt).await;
    let browser = Browser::open(&mesh.url).await;
    browser.wait(".sign-in [data-tone='warning']").await;
    assert_accessible(&browser, "nobody signed in").await;
    let buyer = format!("{}/buy", mesh.url);
    browser.page.goto(&buyer).await.unwrap();
    assert_accessible(&browser, "who buys").await;
}
