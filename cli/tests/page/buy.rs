//! Buy in a browser, and what may come between.

use crate::browser::Browser;
use crate::filters::{abort, allow, delay, fault, only};
use crate::mesh::{Mesh, Plan, WEB};

/// The file that lets people buy.
const OPENS: &str = "istio/demo3/authz/allow-buy.yaml";

impl Browser {
    async fn buy(&self, id: i64) {
        self.click(&format!("tr[data-id='{id}'] button")).await;
    }

    async fn availability(&self, id: i64) -> String {
        let row = format!("tr[data-id='{id}'] .availability span");
        self.text(&row).await
    }
}

/// What the page says, and still is, after the first product's Buy has failed in a mesh, which
/// leaves its stock alone.
async fn failing(twist: impl FnOnce(&mut Plan)) -> Browser {
    let mesh = Mesh::start(twist).await;
    let before = mesh.stock(1).await;
    let browser = Browser::open(&mesh.url).await;
    let availability = browser.availability(1).await;
    browser.buy(1).await;
    browser.wait(".notice[data-tone='failure']").await;
    assert_eq!(browser.page.current_url().await.unwrap().path(), "/");
    assert_eq!(browser.availability(1).await, availability);
    assert_eq!(mesh.stock(1).await, before);
    browser
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn buying_changes_the_row_without_leaving_the_page() {
    let mesh = Mesh::start(|_| ()).await;
    mesh.set_stock(1, 50).await;
    mesh.set_stock(2, 1).await;
    let browser = Browser::open(&mesh.url).await;
    assert_eq!(browser.availability(1).await, "Plenty");
    assert_eq!(browser.texts("tr[data-id='4'] button").await, [""; 0]);

    browser.buy(1).await;
    browser.wait("tr[data-id='1'][data-level='few']").await;
    assert_eq!(browser.availability(1).await, "Last few...");
    let notice = browser.text(".notice[data-tone='success']").await;
    assert_eq!(notice, "Sold: it is yours.");

    browser.buy(2).await;
    browser.wait("tr[data-id='2'][data-level='none']").await;
    assert_eq!(browser.availability(2).await, "SOLD OUT!");
    assert_eq!(browser.texts("tr[data-id='2'] button").await, [""; 0]);
    assert_eq!(browser.page.current_url().await.unwrap().path(), "/");
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn buying_works_without_scripts() {
    let mesh = Mesh::start(|_| ()).await;
    mesh.set_stock(1, 50).await;
    let browser = Browser::open_without_scripts(&mesh.url).await;
    browser.buy(1).await;
    let notice = browser.text(".notice[data-tone='success']").await;
    assert_eq!(notice, "Sold: it is yours.");
    assert_eq!(browser.availability(1).await, "Last few...");
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sold_out_meanwhile_is_said_and_ends_the_row() {
    let mesh = Mesh::start(|_| ()).await;
    let browser = Browser::open(&mesh.url).await;
    mesh.set_stock(1, 0).await;
    browser.buy(1).await;
    let notice = browser.text(".notice[data-tone='warning']").await;
    assert_eq!(notice, "Somebody was faster: it is sold out.");
    assert_eq!(browser.availability(1).await, "SOLD OUT!");
    assert_eq!(browser.texts("tr[data-id='1'] button").await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sale_refused_by_stock_apis_policy_names_the_file() {
    let browser = failing(|plan| plan.into_stock.filters.push(allow(Some(WEB), "GET"))).await;
    let notice = browser.text(".notice").await;
    assert!(notice.contains("nothing was sold"), "{notice}");
    assert!(
        notice.contains("Refused by stock-api's sidecar"),
        "{notice}"
    );
    assert_eq!(browser.texts(".notice code").await, [OPENS]);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sale_refused_by_webs_own_policy_is_told_in_words_of_ours() {
    let browser = failing(|plan| plan.into_web.filters.push(allow(None, "GET"))).await;
    let notice = browser.text(".notice").await;
    assert!(notice.contains("nothing was sold"), "{notice}");
    assert!(notice.contains("Refused by web's own sidecar"), "{notice}");
    assert_eq!(browser.texts(".notice code").await, [OPENS]);
    assert!(!browser.page.source().await.unwrap().contains("RBAC"));
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sale_tells_the_stock_and_ends_the_reason_why_it_was_unknown() {
    let aborted = fault(only(":method", "GET", abort()));
    let mesh = Mesh::start(|plan| plan.to_stock.filters.push(aborted)).await;
    let browser = Browser::open(&mesh.url).await;
    assert_eq!(browser.texts(".availability small").await.len(), 4);
    browser.buy(1).await;
    browser.wait("tr[data-id='1'][data-level='plenty']").await;
    assert_eq!(browser.texts(".availability small").await.len(), 3);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sale_that_never_left_web_sold_nothing() {
    let aborted = fault(only(":method", "POST", abort()));
    let browser = failing(|plan| plan.to_stock.filters.push(aborted)).await;
    let notice = browser.text(".notice").await;
    assert!(notice.contains("nothing was sold"), "{notice}");
    assert!(
        notice.contains("Abort injected by web's sidecar"),
        "{notice}"
    );
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sale_without_an_answer_in_time_may_be_sold_or_not() {
    let browser = failing(|plan| {
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
