//! A real browser: Chromium, by way of its own driver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::port::free_port;

/// Chromium; it ends with this.
pub(crate) struct Browser {
    pub(crate) page: Client,
    _driver: Driver,
}

/// Chromium's own driver.
struct Driver {
    process: Child,
    url: String,
    /// Here, because neither of them tidies up.
    _folder: TempDir,
}

impl Driver {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver: `apt-get install chromium chromium-driver` or its like");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        assert!(lines.any(|line| line.contains("started successfully")));
        Self {
            process,
            url: format!("http://127.0.0.1:{port}"),
            _folder: folder,
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Killed, it would leave Chromium running.
        if ureq::get(format!("{}/shutdown", self.url)).call().is_err() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

impl Browser {
    /// Opens `url` in a window of `size`, such as "800,600"; `scripts` says whether any may run.
    pub(crate) async fn start(url: &str, size: &str, scripts: bool) -> Self {
        let driver = Driver::start();
        let javascript = if scripts { 1 } else { 2 }; // allowed, or blocked
        let options = json!({
            "args": [
                "--headless=new",
                "--no-sandbox", // which refuses root; what is opened here is our own page
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                format!("--window-size={size}"),
                "--force-prefers-reduced-motion", // what is there is visible at once
            ],
            "prefs": { "profile.managed_default_content_settings.javascript": javascript },
        });
        let wanted = [
            ("goog:chromeOptions".to_owned(), options),
            ("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" })),
        ];
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted.into_iter().collect())
            .connect(&driver.url)
            .await
            .unwrap();
        page.goto(url).await.unwrap();
        Self {
            page,
            _driver: driver,
        }
    }
}
