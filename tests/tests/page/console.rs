//! What the browser itself reports of the page.

use fantoccini::Locator;
use serde_json::Value;
use testkit::chromium::Browser;

use crate::mesh::Mesh;
use crate::table::buy;

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn browser_reports_no_error() {
    let mesh = Mesh::start(|_| ()).await;
    let browser = Browser::open(&mesh.url).await;
    browser.click(".xray summary").await;
    browser.wait(".xray details[open]").await;
    browser.click(".trace button").await;
    let copied = Locator::XPath("//button[text()='Copied']");
    browser.page.wait().for_element(copied).await.unwrap();
    buy(&browser, 1).await;
    browser.wait(".notice[data-tone='success']").await;
    let messages = browser.console().await;
    let messages = messages.as_array().unwrap().iter();
    // What the policy of the page forbids is one of them.
    let severe = messages.filter(|message| message["level"] == "SEVERE");
    assert_eq!(severe.collect::<Vec<_>>(), [&Value::Null; 0]);
}
