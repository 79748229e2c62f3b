//! The traces of one page view, as a collector receives them from the real processes.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod callers;
mod collector;
#[path = "../parts/envoy.rs"]
mod envoy;
mod failures;
mod logs;
mod mesh;
#[path = "../parts/port.rs"]
mod port;
mod proxy;
#[path = "../parts/service.rs"]
mod service;
mod trees;

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use ureq::Body;
use ureq::http::Response;

use collector::Collector;

/// A running shop whose spans go to a collector of the test's own.
struct Shop {
    url: String,
    collector: Collector,
    process: Child,
    _folder: TempDir,
}

impl Shop {
    /// Starts it with `environment` beside the collector's address.
    fn start(environment: &[(&str, &str)]) -> Self {
        let everyone = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new()
            .permissions(everyone)
            .tempdir()
            .unwrap();
        let collector = Collector::start();
        let mut process = Command::new(env!("CARGO_BIN_EXE_widgetario"))
            .args(["up", "--port=0"])
            .env("XDG_DATA_HOME", folder.path())
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
            .env("OTEL_BSP_SCHEDULE_DELAY", "50")
            .env("DATABASE_TIMEOUT_SECONDS", "10")
            .envs(environment.iter().copied())
            .env_remove("DATABASE_URL")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines.map_while(Result::ok).find_map(|line| {
            let url = line.strip_prefix("Open ")?.split(' ').next()?;
            Some(url.to_owned())
        });
        Self {
            url: url.expect("the shop opens"),
            collector,
            process,
            _folder: folder,
        }
    }

    /// Gets the page with `headers`.
    fn page(&self, headers: &[(&str, &str)]) -> Response<Body> {
        let request = ureq::get(&self.url);
        let add = |request: ureq::RequestBuilder<_>, &(name, value): &(&str, &str)| {
            request.header(name, value)
        };
        headers.iter().fold(request, add).call().unwrap()
    }

    /// Stops the shop, which makes it export what is left, and returns what it logged.
    fn stop(&mut self) -> String {
        let id = i32::try_from(self.process.id()).unwrap();
        let id = nix::unistd::Pid::from_raw(id);
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
        let log = std::io::read_to_string(self.process.stderr.take().unwrap()).unwrap();
        self.process.wait().unwrap();
        log
    }
}

impl Drop for Shop {
    /// A test that fails leaves nothing running, either.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
