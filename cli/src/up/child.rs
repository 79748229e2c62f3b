//! The process of a service, seen from its parent: where it listens, its log, and its end.

use std::io::{Write, stderr};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use chassis::has_colour;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;

use super::environment;
use super::service::{Addresses, Name};

/// How long a service may take to be ready. A slow machine makes one connection to the database after
/// the other, each in some seconds.
const READY_TIMEOUT: Duration = Duration::from_mins(1);

/// A running service; it stops when this is dropped.
pub(crate) struct ChildService {
    pub(crate) name: Name,
    pub(crate) addresses: Addresses,
    process: Child,
    /// Closed by the operating system when this process ends, which ends the service.
    stdin: Option<ChildStdin>,
    /// The task that prints the service's log, to its end.
    log: JoinHandle<()>,
}

impl ChildService {
    /// Starts a service on free ports of this machine, with `arguments` and `environment` added to
    /// its own, and waits until it says where it listens.
    pub(crate) async fn start(
        name: Name,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut command = command(name)?;
        command.args(arguments).envs(environment.iter().copied());
        let mut process = command.spawn().context("a service cannot be started")?;
        let stdin = process.stdin.take();
        let log = process.stderr.take().context("a child without a log")?;
        let log = tokio::spawn(relay(name, log));
        let stdout = process.stdout.take().context("a child without output")?;
        let line = BufReader::new(stdout).lines().next_line().await?;
        let Some(line) = line else {
            log_printed(log).await;
            bail!("{} did not start: its log says why", name.as_str());
        };
        Ok(Self {
            name,
            addresses: serde_json::from_str(&line)?,
            process,
            stdin,
            log,
        })
    }

    /// Waits until the service answers `/readyz` with 200. Meanwhile its log says what keeps it from
    /// being ready.
    pub(crate) async fn ready(&mut self) -> anyhow::Result<()> {
        let name = self.name.as_str();
        let url = format!("http://{}/readyz", self.addresses.management);
        let client = reqwest::Client::builder().no_proxy().build()?;
        let ready = timeout(READY_TIMEOUT, async {
            while !is_success(&client, &url).await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        tokio::select! {
            ready = ready => {
                let seconds = READY_TIMEOUT.as_secs();
                let late = || format!("{name} is not ready after {seconds} s: its log says why");
                return ready.with_context(late);
            }
            _ = self.process.wait() => {}
        }
        log_printed(&mut self.log).await;
        bail!("{name} did not start: its log says why")
    }

    /// Waits until the service has ended and its log is printed.
    pub(crate) async fn ended(&mut self) -> (Name, std::io::Result<ExitStatus>) {
        let status = self.process.wait().await;
        if !self.log.is_finished() {
            log_printed(&mut self.log).await;
        }
        (self.name, status)
    }

    /// Asks the service to stop.
    pub(crate) fn ask_to_stop(&mut self) {
        drop(self.stdin.take());
    }
}

/// The command that starts a service.
fn command(name: Name) -> anyhow::Result<Command> {
    let program = std::env::current_exe().context("this program's own file is gone")?;
    let mut command = Command::new(program);
    command.args(["service", name.as_str(), "--listen-address=127.0.0.1"]);
    command.args(["--port=0", "--management-port=0", "--drain=0"]);
    environment::of_service(&mut command, name);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if has_colour() {
        command.env("CLICOLOR_FORCE", "1");
    }
    // Ctrl-C, and on Windows the end of the console's window, are for the parent alone: it stops the
    // services in order.
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(windows)]
    command.creation_flags(0x0800_0200); // CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP
    Ok(command)
}

/// Waits until the log of an ended service is printed, for 1 s at most: another process may hold
/// the log open.
async fn log_printed(log: impl Future<Output = Result<(), JoinError>>) {
    let _ = timeout(Duration::from_secs(1), log).await;
}

async fn is_success(client: &reqwest::Client, url: &str) -> bool {
    let response = client.get(url).send().await;
    response.is_ok_and(|response| response.status().is_success())
}

/// Prints each line of a service's log behind its name.
async fn relay(name: Name, log: impl AsyncRead + Unpin) {
    let name = name.as_str();
    let prefix = if has_colour() {
        let hue = match name {
            "web" => 36,
            "products-api" => 35,
            _ => 33,
        };
        format!("\x1b[{hue}m{name:<12}\x1b[0m │")
    } else {
        format!("{name:<12} |")
    };
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // The log is read to its end even when nobody reads these lines: a service must never wait.
        let _ = writeln!(stderr(), "{prefix} {line}");
    }
}
