//! `widgetario up` as a user runs it, on Unix; each test with a data folder of its own.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod adoption;
mod disks;
mod end;
mod environment;
mod leftovers;
mod pooler;
mod refusals;
mod start;

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// A running `widgetario up`, and what it said.
struct Up {
    process: Child,
    /// Where each service is: (name, URL).
    services: Vec<(String, String)>,
    /// The shop's page.
    url: String,
}

impl Up {
    /// Starts the shop with its data in `folder` and waits until it is open.
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::from(up(folder, arguments))
    }

    /// Runs `command`, an [`up`], and waits until the shop is open.
    #[expect(clippy::zombie_processes, reason = "each test waits for the end")]
    fn from(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut services = Vec::new();
        loop {
            let mut line = String::new();
            let length = output.read_line(&mut line).unwrap();
            assert!(length > 0, "the shop ended: {:?}", process.wait());
            if let Some(rest) = line.strip_prefix("Open ") {
                let url = rest.split(' ').next().unwrap().to_owned();
                return Self {
                    process,
                    services,
                    url,
                };
            }
            if let Some((name, url)) = line.split_once(' ') {
                services.push((name.to_owned(), url.trim().to_owned()));
            }
        }
    }

    fn page(&self) -> ureq::http::Response<ureq::Body> {
        ureq::get(&self.url).call().unwrap()
    }

    fn buy(&self, id: i64) {
        ureq::post(format!("{}/buy/{id}", self.url))
            .send_empty()
            .unwrap();
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }

    /// Waits until every port that it opened is closed.
    fn wait_until_gone(&mut self) {
        self.process.wait().unwrap();
        for (name, place) in &self.services {
            let address = place.trim_start_matches("http://");
            let address = address.split(',').next().unwrap();
            until(name, || std::net::TcpStream::connect(address).is_err());
        }
    }
}

impl Drop for Up {
    /// A test that fails leaves nothing running, either.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `widgetario up` on a free port.
fn up(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_widgetario"));
    command.args(["up", "--port=0"]).args(arguments);
    command
        .env("XDG_DATA_HOME", folder)
        .env_remove("DATABASE_URL")
        .env("RUST_LOG", "warn");
    command
}

/// A folder that the user whom PostgreSQL runs as may enter, too.
fn folder() -> TempDir {
    let everyone = Permissions::from_mode(0o755);
    tempfile::Builder::new()
        .permissions(everyone)
        .tempdir()
        .unwrap()
}

/// What the page shows, as JSON.
fn content(up: &Up) -> String {
    let url = format!("{}/api/shop", up.url);
    let mut answer = ureq::get(&url).call().unwrap();
    answer.body_mut().read_to_string().unwrap()
}

/// Waits for `condition`.
fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within 30 s");
        sleep(Duration::from_millis(20));
    }
}
