//! `widgetario up` as a user runs it.

use std::fs::Permissions;
use std::io::{self, BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use ureq::Body;
use ureq::http::Response;

use crate::ps::ps;
use crate::wait::wait_until;

/// A running `widgetario up`, and what it printed; dropped, it is killed.
pub struct Up {
    process: Child,
    /// PostgreSQL and the services, each with its address in the words of `up`: (name, place).
    pub services: Vec<(String, String)>,
    /// The shop's page, without a `/` at its end.
    pub url: String,
}

impl Up {
    /// How to start the shop on a free port with its data in `folder`. `program` is the
    /// `widgetario` command, `env!("CARGO_BIN_EXE_…")` of the test.
    pub fn command(program: &str, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .args(["up", "--port=0"])
            .env("WIDGETARIO_DATA_HOME", folder)
            .env_remove("DATABASE_URL");
        command
    }

    /// Starts `command`, and waits until the shop is open.
    pub fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut up = Self {
            process,
            services: Vec::new(),
            url: String::new(),
        };
        for line in output.lines() {
            let line = line.unwrap();
            match line.split_once(' ') {
                Some(("Open", rest)) => {
                    rest.split(' ').next().unwrap().clone_into(&mut up.url);
                    return up;
                }
                Some((name, place)) => up.services.push((name.to_owned(), place.trim().to_owned())),
                None => {}
            }
        }
        panic!("the shop ended: {:?}", up.wait());
    }

    /// Gets the page.
    pub fn page(&self) -> Response<Body> {
        ureq::get(&self.url).call().unwrap()
    }

    /// What the page shows, as JSON.
    pub fn content(&self) -> String {
        let url = format!("{}/api/shop", self.url);
        let mut answer = ureq::get(&url).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    }

    /// Buys one of product `id`.
    pub fn buy(&self, id: i64) {
        let request = ureq::post(format!("{}/buy/{id}", self.url));
        request.send_empty().unwrap();
    }

    /// The process of `up` itself.
    fn id(&self) -> Pid {
        Pid::from_raw(self.process.id().try_into().unwrap())
    }

    /// The process of the service `name`.
    pub fn service_id(&self, name: &str) -> Pid {
        let processes = ps(&["-axo", "ppid=,pid=,args="]);
        let (parent, arguments) = (self.id().to_string(), format!("service {name}"));
        let mut ids = processes.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let is_child = words.next() == Some(&parent) && line.contains(&arguments);
            is_child.then(|| words.next().unwrap().parse().unwrap())
        });
        Pid::from_raw(ids.next().unwrap())
    }

    /// Sends `signal` to `up`, and to none of its children.
    pub fn signal(&self, signal: Signal) {
        kill(self.id(), signal).unwrap();
    }

    /// Waits until `up` has ended.
    pub fn wait(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// Waits until `up` has ended and every port that it opened is closed.
    pub fn wait_until_gone(&mut self) {
        self.wait();
        for (name, place) in &self.services {
            let address = place.trim_start_matches("http://");
            let address = address.split(',').next().unwrap();
            wait_until(name, || TcpStream::connect(address).is_err());
        }
    }

    /// Stops the shop, waits until it is gone, and returns what it logged, if the command's
    /// standard error was piped.
    pub fn stop(&mut self) -> String {
        self.signal(Signal::SIGTERM);
        let log = self.process.stderr.take();
        let log = log.map(|log| io::read_to_string(log).unwrap());
        self.wait_until_gone();
        log.unwrap_or_default()
    }
}

impl Drop for Up {
    /// Also ends the shop of a test that fails.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A new folder that everybody may enter: `up` started by root runs PostgreSQL as another user.
pub fn data_folder() -> TempDir {
    let everybody = Permissions::from_mode(0o755);
    let mut folder = tempfile::Builder::new();
    folder.permissions(everybody).tempdir().unwrap()
}
