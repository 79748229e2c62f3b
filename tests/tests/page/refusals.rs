//! Policies that refuse to let web read.

use testkit::chromium::Browser;

use crate::filters::allow;
use crate::finding::Finding;
use crate::mesh::{Mesh, WEB};

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn stock_is_unknown_when_stock_apis_policy_lacks_the_method() {
    let mesh = Mesh::start(|plan| plan.into_stock.filters.push(allow(Some(WEB), "POST"))).await;
    let refused = Finding {
        cause: "refused",
        title: "Refused by stock-api's sidecar",
        file: Some("istio/demo3/authz/allow/stock-allow-web.yaml"),
    };
    refused.assert_hides_stock(&mesh).await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn shop_is_closed_when_products_apis_policy_lacks_web() {
    let for_stock_api = allow(Some("widgetario-stock"), "GET");
    let mesh = Mesh::start(|plan| plan.into_products.filters.push(for_stock_api)).await;
    let browser = Browser::open(&mesh.url).await;
    assert_eq!(browser.status().await, 503);
    assert_eq!(
        browser.text("h1").await,
        "The shelves are empty for a moment"
    );
    let title = "Refused by products-api's sidecar";
    let file = "istio/demo3/authz/allow/products-allow-web.yaml";
    assert_eq!(browser.texts(".finding strong").await, [title]);
    assert_eq!(browser.texts(".finding code").await, [file]);
    let finding = mesh.content().await["calls"][0]["finding"].take();
    assert_eq!(finding["cause"], "refused");
    assert_eq!(finding["file"], file);
}
