//! A real browser, Chromium, and what a test does in it.

mod driver;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use driver::{ChromiumCommand, Driver};

/// Chromium with one page open; dropped, it ends.
pub struct Browser {
    /// The page, for actions that have no method here.
    pub page: Client,
    _driver: Driver,
}

/// Whether scripts of a page run.
#[derive(Clone, Copy)]
enum Scripts {
    // The numbers are those of Chromium's content settings.
    Allowed = 1,
    Blocked = 2,
}

/// Width and height in pixels, for tests that ask for no size.
const WINDOW: &str = "800,600";

impl Browser {
    /// Opens `url`.
    pub async fn open(url: &str) -> Self {
        Self::start(url, WINDOW, Scripts::Allowed).await
    }

    /// Opens `url`, and runs no script.
    pub async fn open_without_scripts(url: &str) -> Self {
        Self::start(url, WINDOW, Scripts::Blocked).await
    }

    /// Opens `url` in a window of `size`: width and height in pixels, such as "800,600".
    pub async fn open_in_size(url: &str, size: &str) -> Self {
        Self::start(url, size, Scripts::Allowed).await
    }

    async fn start(url: &str, size: &str, scripts: Scripts) -> Self {
        let driver = Driver::start();
        let options = json!({
            "args": [
                "--headless=new",
                "--no-sandbox", // the sandbox refuses root; only our own page is opened here
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                format!("--window-size={size}"),
                "--force-prefers-reduced-motion", // what appears is visible at once
            ],
            "prefs": { "profile.managed_default_content_settings.javascript": scripts as u8 },
        });
        let capabilities = [
            ("goog:chromeOptions".to_owned(), options),
            ("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" })),
        ];
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.into_iter().collect())
            .connect(&driver.url)
            .await
            .unwrap();
        page.goto(url).await.unwrap();
        Self {
            page,
            _driver: driver,
        }
    }

    /// Waits for the first element that `css` selects.
    pub async fn wait(&self, css: &str) -> Element {
        let wait = self.page.wait();
        wait.for_element(Locator::Css(css)).await.unwrap()
    }

    /// Waits for the first element that `css` selects, and returns its text.
    pub async fn text(&self, css: &str) -> String {
        self.wait(css).await.text().await.unwrap()
    }

    /// The texts of all elements that `css` selects now.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.page.find_all(Locator::Css(css)).await.unwrap() {
            texts.push(element.text().await.unwrap());
        }
        texts
    }

    /// Waits for the first element that `css` selects, and clicks it.
    pub async fn click(&self, css: &str) {
        self.wait(css).await.click().await.unwrap();
    }

    /// Waits until the page is about to be drawn again.
    pub async fn next_frame(&self) {
        let script = "requestAnimationFrame(arguments[0])";
        self.page.execute_async(script, Vec::new()).await.unwrap();
    }

    /// The value of a JavaScript `expression` on the page.
    pub async fn eval(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.page.execute(&script, Vec::new()).await.unwrap()
    }

    /// The status with which the page was answered.
    pub async fn status(&self) -> Value {
        self.eval("performance.getEntriesByType('navigation')[0].responseStatus")
            .await
    }

    /// Makes the browser prefer the colour `scheme`, "light" or "dark".
    pub async fn prefer_colors(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        let parameters = json!({ "features": [feature] });
        let body = json!({ "cmd": "Emulation.setEmulatedMedia", "params": parameters });
        self.issue("goog/cdp/execute", body).await;
    }

    /// What the browser wrote to its console since this was last asked: an array.
    pub async fn console(&self) -> Value {
        self.issue("se/log", json!({ "type": "browser" })).await
    }

    async fn issue(&self, path: &'static str, body: Value) -> Value {
        let command = ChromiumCommand { path, body };
        self.page.issue_cmd(command).await.unwrap()
    }
}
