//! A port-forward, seen from the command that needs it.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use crate::cleanup::Cleanup;
use crate::cluster::kubectl;
use crate::cluster::sidecars::Sidecar;
use crate::port;

/// How long the relay may take to start, its image's download included.
const START: Duration = Duration::from_mins(2);
/// How long the process may take to clean up.
const END: Duration = Duration::from_secs(15);

/// An open port of localhost that leads to a Service; it is closed when this is dropped, or when this
/// program ends, however it does.
pub(super) struct Forward {
    /// Of localhost.
    pub(super) port: u16,
    interruptions: Arc<AtomicUsize>,
    _cleanup: Cleanup,
}

impl Forward {
    /// Opens a port of localhost, `usual` if it is free, that leads `to` a Service such as
    /// `widgetario-web.widgetario:8010`.
    ///
    /// # Errors
    /// When there is no mesh in the cluster, or the relay or kubectl does not start.
    pub(super) fn open(to: &str, usual: u16) -> anyhow::Result<Self> {
        let sidecar = Sidecar::of_a_new_pod()?;
        let image = sidecar
            .context("without Istio, no node has the relay's image")?
            .image;
        let port = free_port(usual)?;
        let mut process = supervisor(&image, to, port)?;
        let stdin = process.stdin.take();
        let stdout = process.stdout.take().context("a child without output")?;
        let interruptions = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&interruptions);
        let (open, opened) = channel();
        thread::spawn(move || follow(BufReader::new(stdout), &open, &counter));
        let cleanup = Cleanup::new(move || {
            drop(stdin);
            end(process);
        });
        let opened = opened.recv_timeout(START);
        opened.map_err(|_| anyhow!("the port-forward does not start"))?;
        Ok(Self {
            port,
            interruptions,
            _cleanup: cleanup,
        })
    }

    /// How often it was interrupted: each time, the connections through it ended.
    pub(super) fn interruptions(&self) -> usize {
        self.interruptions.load(Ordering::Relaxed)
    }
}

/// The process of [`super::supervisor`], this program once more. Ctrl-C is for this process alone,
/// which ends the other in its turn.
fn supervisor(image: &str, to: &str, port: u16) -> anyhow::Result<Child> {
    let program = env::current_exe().context("this program's own file is gone")?;
    let mut command = Command::new(program);
    command
        .args(["port-forward", "--context", &kubectl::context()?])
        .args(["--image", image, "--to", to, "--port", &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(&mut command, 0x0800_0200); // CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP
    command
        .spawn()
        .context("the port-forward cannot be started")
}

/// Reads what the process says, to its end.
fn follow(lines: impl BufRead, open: &Sender<()>, interruptions: &AtomicUsize) {
    for line in lines.lines().map_while(Result::ok) {
        if line == "lost" {
            interruptions.fetch_add(1, Ordering::Relaxed);
        } else {
            // Nobody waits for the second one.
            let _ = open.send(());
        }
    }
}

fn end(mut process: Child) {
    let begin = Instant::now();
    while process.try_wait().is_ok_and(|status| status.is_none()) {
        if begin.elapsed() > END {
            let _ = process.kill();
        }
        sleep(Duration::from_millis(20));
    }
}

/// The usual port, or the gateway's second one, if a program of this user may listen there; or else any.
fn free_port(usual: u16) -> anyhow::Result<u16> {
    let second = if usual == 80 { 8080 } else { usual };
    for port in [usual, second, 0] {
        if port != 0 && port::check(port).is_err() {
            continue;
        }
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return Ok(listener.local_addr()?.port());
        }
    }
    Err(anyhow!("no port of localhost is free"))
}
