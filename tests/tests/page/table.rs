//! The page's table of products: a row each, with its availability and Buy.

use testkit::chromium::Browser;

/// What each row says of its availability.
pub(crate) async fn availabilities(browser: &Browser) -> Vec<String> {
    browser.texts("tr[data-id] .availability span").await
}

/// What the row of product `id` says of its availability.
pub(crate) async fn availability(browser: &Browser, id: i64) -> String {
    let cell = format!("tr[data-id='{id}'] .availability span");
    browser.text(&cell).await
}

/// Clicks Buy in the row of product `id`.
pub(crate) async fn buy(browser: &Browser, id: i64) {
    browser.click(&format!("tr[data-id='{id}'] button")).await;
}
