//! A shop without a mesh, whose spans go to a collector of the test's own.

use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;

use tempfile::TempDir;
use testkit::up::{Up, data_folder};
use ureq::Body;
use ureq::http::Response;

use crate::collector::Collector;
use crate::{PROGRAM, get};

/// A running `widgetario up`, and its collector.
pub(crate) struct TracedShop {
    pub(crate) up: Up,
    pub(crate) collector: Collector,
    _folder: TempDir,
}

impl TracedShop {
    /// Starts it with `environment` beside the collector's address.
    pub(crate) fn start(environment: &[(&str, &str)]) -> Self {
        let folder = data_folder();
        let collector = Collector::start();
        let up = Up::start(
            Up::command(PROGRAM, folder.path())
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
                .env("OTEL_BSP_SCHEDULE_DELAY", "50")
                .env("DATABASE_TIMEOUT_SECONDS", "10")
                .envs(environment.iter().copied())
                .stderr(Stdio::piped()),
        );
        Self {
            up,
            collector,
            _folder: folder,
        }
    }

    /// Gets the page with `headers`.
    pub(crate) fn page(&self, headers: &[(&str, &str)]) -> Response<Body> {
        get(&self.up.url, headers)
    }

    /// Asks for the page, and reads no answer: the caller hangs up when this is dropped.
    pub(crate) fn ask_for_page(&self) -> TcpStream {
        let address = self.up.url.strip_prefix("http://").unwrap();
        let mut caller = TcpStream::connect(address).unwrap();
        caller
            .write_all(b"GET / HTTP/1.1\r\nhost: shop\r\nx-request-id: view-1\r\n\r\n")
            .unwrap();
        caller
    }

    /// Stops the shop, which makes it export what is left, and returns what it logged.
    pub(crate) fn stop(&mut self) -> String {
        self.up.stop()
    }
}
