//! The page in a real browser, with and without scripts.

use std::process::Stdio;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Shop;

/// Chromium, driven by its own driver; both end with this.
struct Browser {
    page: Client,
    _driver: Child,
}

impl Browser {
    /// Opens `url`; `scripts` says whether the page's script may run.
    async fn open(url: &str, scripts: bool) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver: `apt-get install chromium chromium-driver` or its like");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines
                .next_line()
                .await
                .unwrap()
                .expect("chromedriver says its port");
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let javascript = if scripts { 1 } else { 2 }; // allowed, or blocked
        let options = json!({
            // Chromium's own sandbox refuses root; what is opened here is our own page.
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"],
            "prefs": { "profile.managed_default_content_settings.javascript": javascript },
        });
        let wanted = [("goog:chromeOptions".to_owned(), options)];
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted.into_iter().collect())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        page.goto(url).await.unwrap();
        Self {
            page,
            _driver: driver,
        }
    }

    /// Waits for the first element that `css` selects.
    async fn wait(&self, css: &str) -> Element {
        self.page
            .wait()
            .for_element(Locator::Css(css))
            .await
            .unwrap()
    }

    async fn has(&self, css: &str) -> bool {
        !self
            .page
            .find_all(Locator::Css(css))
            .await
            .unwrap()
            .is_empty()
    }

    async fn text(&self, css: &str) -> String {
        self.wait(css).await.text().await.unwrap()
    }
}

/// Sets the stock of product `id`.
async fn stock(shop: &Shop, id: i64, stock: i64) {
    let request = shop.http.put(format!("{}/stock/{id}", shop.stock.url));
    let response = request
        .json(&json!({ "stock": stock }))
        .send()
        .await
        .unwrap();
    assert!(response.status().is_success());
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn buying_changes_the_row_without_leaving_the_page() {
    let shop = Shop::start(&[]).await;
    stock(&shop, 1, 50).await;
    stock(&shop, 2, 1).await;
    let browser = Browser::open(&shop.url, true).await;
    assert_eq!(
        browser.text("tr[data-id='1'] .availability span").await,
        "Plenty"
    );
    assert!(!browser.has("tr[data-id='4'] button").await);

    browser
        .wait("tr[data-id='1'] button")
        .await
        .click()
        .await
        .unwrap();
    browser.wait("tr[data-id='1'][data-level='few']").await;
    assert_eq!(
        browser.text("tr[data-id='1'] .availability span").await,
        "Last few..."
    );
    assert_eq!(
        browser.text(".notice[data-tone='success']").await,
        "Sold: it is yours."
    );

    browser
        .wait("tr[data-id='2'] button")
        .await
        .click()
        .await
        .unwrap();
    browser.wait("tr[data-id='2'][data-level='none']").await;
    assert_eq!(
        browser.text("tr[data-id='2'] .availability span").await,
        "SOLD OUT!"
    );
    assert!(!browser.has("tr[data-id='2'] button").await);
    assert_eq!(browser.page.current_url().await.unwrap().path(), "/");
    browser.page.close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn buying_works_without_scripts() {
    let shop = Shop::start(&[]).await;
    stock(&shop, 1, 50).await;
    let browser = Browser::open(&shop.url, false).await;
    browser
        .wait("tr[data-id='1'] button")
        .await
        .click()
        .await
        .unwrap();
    assert_eq!(
        browser.text(".notice[data-tone='success']").await,
        "Sold: it is yours."
    );
    assert_eq!(
        browser.text("tr[data-id='1'] .availability span").await,
        "Last few..."
    );
    browser.page.close().await.unwrap();
}
