//! Buy in a browser, and what may prevent a sale.

use testkit::chromium::Browser;

use crate::filters::{abort, allow, delay, fault, only, rate_limit};
use crate::mesh::{Mesh, Plan, WEB};
use crate::table::{availability, buy};

/// The file that lets people buy.
const ALLOW_BUY: &str = "istio/demo3/authz/allow-buy.yaml";

/// The page after Buy of the first product has failed in a mesh with `change`: it is the same page,
/// it says so, and the stock has not changed.
async fn failed_sale(change: impl FnOnce(&mut Plan)) -> Browser {
    let mesh = Mesh::start(change).await;
    let stock_before = mesh.stock(1).await;
    let browser = Browser::open(&mesh.url).await;
    let availability_before = availability(&browser, 1).await;
    buy(&browser, 1).await;
    browser.wait(".notice[data-tone='failure']").await;
    assert_eq!(browser.page.current_url().await.unwrap().path(), "/");
    assert_eq!(availability(&browser, 1).await, availability_before);
    assert_eq!(mesh.stock(1).await, stock_before);
    browser
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn buying_changes_the_row_without_leaving_the_page() {
    let mesh = Mesh::start(|_| ()).await;
    mesh.set_stock(1, 50).await;
    mesh.set_stock(2, 1).await;
    let browser = Browser::open(&mesh.url).await;
    assert_eq!(availability(&browser, 1).await, "Plenty");
    assert_eq!(browser.texts("tr[data-id='4'] button").await, [""; 0]);

    buy(&browser, 1).await;
    browser.wait("tr[data-id='1'][data-level='few']").await;
    assert_eq!(availability(&browser, 1).await, "Last few...");
    let notice = browser.text(".notice[data-tone='success']").await;
    assert_eq!(notice, "Sold: it is yours.");

    buy(&browser, 2).await;
    browser.wait("tr[data-id='2'][data-level='none']").await;
    assert_eq!(availability(&browser, 2).await, "SOLD OUT!");
    assert_eq!(browser.texts("tr[data-id='2'] button").await, [""; 0]);
    assert_eq!(browser.page.current_url().await.unwrap().path(), "/");
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn buying_works_without_scripts() {
    let mesh = Mesh::start(|_| ()).await;
    mesh.set_stock(1, 50).await;
    let browser = Browser::open_without_scripts(&mesh.url).await;
    buy(&browser, 1).await;
    let notice = browser.text(".notice[data-tone='success']").await;
    assert_eq!(notice, "Sold: it is yours.");
    assert_eq!(availability(&browser, 1).await, "Last few...");
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn product_sold_out_meanwhile_is_named_and_loses_its_button() {
    let mesh = Mesh::start(|_| ()).await;
    let browser = Browser::open(&mesh.url).await;
    mesh.set_stock(1, 0).await;
    buy(&browser, 1).await;
    let notice = browser.text(".notice[data-tone='warning']").await;
    assert_eq!(notice, "Somebody was faster: it is sold out.");
    assert_eq!(availability(&browser, 1).await, "SOLD OUT!");
    assert_eq!(browser.texts("tr[data-id='1'] button").await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sale_refused_by_stock_apis_policy_names_the_file() {
    let browser = failed_sale(|plan| plan.into_stock.filters.push(allow(Some(WEB), "GET"))).await;
    let notice = browser.text(".notice").await;
    assert!(notice.contains("nothing was sold"), "{notice}");
    assert!(
        notice.contains("Refused by stock-api's sidecar"),
        "{notice}"
    );
    assert_eq!(browser.texts(".notice code").await, [ALLOW_BUY]);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn refused_sale_names_the_file_without_scripts_too() {
    let mesh = Mesh::start(|plan| plan.into_stock.filters.push(allow(Some(WEB), "GET"))).await;
    let browser = Browser::open_without_scripts(&mesh.url).await;
    buy(&browser, 1).await;
    let notice = browser.text(".notice[data-tone='failure']").await;
    assert!(notice.contains("(403): nothing was sold"), "{notice}");
    assert_eq!(browser.texts(".notice code").await, [ALLOW_BUY]);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sale_refused_by_webs_own_policy_is_explained_in_the_pages_own_words() {
    let browser = failed_sale(|plan| plan.into_web.filters.push(allow(None, "GET"))).await;
    let notice = browser.text(".notice").await;
    assert!(notice.contains("nothing was sold"), "{notice}");
    assert!(notice.contains("Refused by web's own sidecar"), "{notice}");
    assert_eq!(browser.texts(".notice code").await, [ALLOW_BUY]);
    assert!(!browser.page.source().await.unwrap().contains("RBAC"));
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sale_shows_the_stock_and_removes_the_reason_why_it_was_unknown() {
    let aborted = fault(only(":method", "GET", abort()));
    let mesh = Mesh::start(|plan| plan.to_stock.filters.push(aborted)).await;
    let browser = Browser::open(&mesh.url).await;
    assert_eq!(browser.texts(".availability small").await.len(), 4);
    buy(&browser, 1).await;
    browser.wait("tr[data-id='1'][data-level='plenty']").await;
    assert_eq!(browser.texts(".availability small").await.len(), 3);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sale_that_never_left_web_sold_nothing() {
    let aborted = fault(only(":method", "POST", abort()));
    let browser = failed_sale(|plan| plan.to_stock.filters.push(aborted)).await;
    let notice = browser.text(".notice").await;
    assert!(notice.contains("nothing was sold"), "{notice}");
    assert!(
        notice.contains("Abort injected by web's sidecar"),
        "{notice}"
    );
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sale_beyond_a_rate_limit_sold_nothing_and_names_the_file() {
    // The page before takes all tokens.
    let browser = failed_sale(|plan| plan.into_stock.filters.push(rate_limit(4))).await;
    let notice = browser.text(".notice").await;
    assert!(notice.contains("nothing was sold"), "{notice}");
    assert!(notice.contains("wait for 10 s"), "{notice}");
    let file = "istio/demo6/rate-limit/local-rate-limit.yaml";
    assert_eq!(browser.texts(".notice code").await, [file]);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sale_without_an_answer_in_time_may_be_sold_or_not() {
    let browser = failed_sale(|plan| {
        plan.web = vec![("UPSTREAM_TIMEOUT_SECONDS", "0.3")];
        let delayed = fault(only(":method", "POST", delay(5.0)));
        plan.into_stock.filters.push(delayed);
    })
    .await;
    let notice = browser.text(".notice").await;
    assert!(notice.contains("may be sold or not"), "{notice}");
    assert!(
        notice.contains("No answer from stock-api in time"),
        "{notice}"
    );
}
