//! What a test does in a browser.

use std::str::FromStr;

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use reqwest::{Method, Url};
use serde_json::{Value, json};

pub(crate) use crate::chromium::Browser;

const WINDOW: &str = "800,600";

impl Browser {
    /// Opens `url`.
    pub(crate) async fn open(url: &str) -> Self {
        Self::start(url, WINDOW, true).await
    }

    /// The same, but no script may run.
    pub(crate) async fn open_without_scripts(url: &str) -> Self {
        Self::start(url, WINDOW, false).await
    }

    /// Waits for the first element that `css` selects.
    pub(crate) async fn wait(&self, css: &str) -> Element {
        self.page
            .wait()
            .for_element(Locator::Css(css))
            .await
            .unwrap()
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        self.wait(css).await.text().await.unwrap()
    }

    /// The texts of all elements that `css` selects now.
    pub(crate) async fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.page.find_all(Locator::Css(css)).await.unwrap() {
            texts.push(element.text().await.unwrap());
        }
        texts
    }

    /// What each row says of its availability.
    pub(crate) async fn availabilities(&self) -> Vec<String> {
        self.texts("tr[data-id] .availability span").await
    }

    pub(crate) async fn click(&self, css: &str) {
        self.wait(css).await.click().await.unwrap();
    }

    /// Waits until the page is drawn again.
    pub(crate) async fn next_frame(&self) {
        let script = "requestAnimationFrame(arguments[0])";
        self.page.execute_async(script, Vec::new()).await.unwrap();
    }

    /// What `expression` is on the page.
    pub(crate) async fn eval(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.page.execute(&script, Vec::new()).await.unwrap()
    }

    /// The status with which the page was answered.
    pub(crate) async fn status(&self) -> Value {
        self.eval("performance.getEntriesByType('navigation')[0].responseStatus")
            .await
    }

    /// Prefers `scheme`, light or dark.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        let parameters = json!({ "features": [feature] });
        let command = json!({ "cmd": "Emulation.setEmulatedMedia", "params": parameters });
        self.ask("goog/cdp/execute", command).await;
    }

    /// What the browser wrote to its console since it was last asked.
    pub(crate) async fn console(&self) -> Value {
        self.ask("se/log", json!({ "type": "browser" })).await
    }

    async fn ask(&self, path: &'static str, body: Value) -> Value {
        self.page
            .issue_cmd(OfChromium { path, body })
            .await
            .unwrap()
    }
}

/// A command that only Chromium's driver knows.
#[derive(Debug)]
struct OfChromium {
    /// Below the session's.
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for OfChromium {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
