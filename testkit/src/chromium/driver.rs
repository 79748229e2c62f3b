//! Chromium's own driver, which speaks the `WebDriver` protocol (<https://www.w3.org/TR/webdriver2/>).

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;

use fantoccini::wd::WebDriverCompatibleCommand;
use reqwest::{Method, Url};
use serde_json::Value;
use tempfile::TempDir;

use crate::port::free_port;

/// A running `chromedriver`; dropped, it ends with every Chromium that it started.
pub(crate) struct Driver {
    process: Child,
    pub(crate) url: String,
    /// Where both programs write their temporary files, because neither removes its own.
    _folder: TempDir,
}

impl Driver {
    pub(crate) fn start() -> Self {
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

/// A command that `WebDriver` lacks and Chromium's driver has.
#[derive(Debug)]
pub(crate) struct ChromiumCommand {
    /// The path below the session's URL.
    pub(crate) path: &'static str,
    pub(crate) body: Value,
}

impl WebDriverCompatibleCommand for ChromiumCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
