//! The process that keeps a port-forward open until its standard input, a pipe from the command that
//! started it, is closed: so nothing stays behind, however that command ends.
//!
//! It writes a line to standard output for each change: `open`, and `lost` when the port-forward has
//! ended and is started again.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{self, Child, ChildStderr, ChildStdout, ExitCode, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use chassis::say;
use clap::Args;

use super::relay::{self, Relay};
use crate::cleanup::{self, Cleanup};
use crate::cluster::kubectl;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// A port-forward.
#[derive(Args)]
pub struct Options {
    /// kubectl's context
    #[arg(long)]
    context: String,

    /// The image of the relay
    #[arg(long)]
    image: String,

    /// The Service that the relay leads to, such as `widgetario-web.widgetario:8010`
    #[arg(long)]
    to: String,

    /// The port of localhost
    #[arg(long)]
    port: u16,
}

/// Keeps a port of localhost open to a relay in the cluster, until standard input is closed.
///
/// # Errors
/// When the relay does not start, or the port cannot be opened the first time.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    kubectl::stay_in(options.context.clone());
    cleanup::watch_for_interruption()?;
    let supervisor = Arc::new(Supervisor {
        relay: Relay {
            name: format!("widgetario-relay-{}", process::id()),
            image: options.image.clone(),
            to: options.to.clone(),
        },
        port: options.port,
        state: Mutex::default(),
    });
    let ending = Arc::clone(&supervisor);
    let _cleanup = Cleanup::new(move || ending.end());
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        cleanup::finish(0);
    });
    supervisor.forward()?;
    loop {
        say!("lost")?;
        thread::sleep(PAUSE);
        // The cluster itself may be away for a while.
        while supervisor.forward().is_err() {
            thread::sleep(10 * PAUSE);
        }
    }
}

struct Supervisor {
    relay: Relay,
    /// Of localhost.
    port: u16,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kubectl: Option<Child>,
    /// Nothing more is started then.
    is_ending: bool,
}

impl Supervisor {
    /// Forwards the port to the relay, and says when it is open; returns when it no longer is.
    fn forward(&self) -> anyhow::Result<()> {
        if !self.relay.is_running() {
            let state = self.state();
            ensure!(!state.is_ending, "it is ending");
            self.relay.make()?;
            drop(state);
            self.relay.ready()?;
        }
        let (output, errors) = self.start()?;
        // Each refused connection is a line, which must be read: a full pipe would stop kubectl.
        let last = thread::spawn(|| {
            let lines = errors
                .into_iter()
                .flat_map(|errors| BufReader::new(errors).lines());
            lines.map_while(Result::ok).last()
        });
        let was_open = announced(output)?;
        kill(&mut self.state());
        if !was_open {
            let reason = last.join().ok().flatten().unwrap_or_default();
            bail!("kubectl port-forward: {reason}");
        }
        Ok(())
    }

    /// Starts kubectl.
    fn start(&self) -> anyhow::Result<(Option<ChildStdout>, Option<ChildStderr>)> {
        let mut state = self.state();
        ensure!(!state.is_ending, "it is ending");
        let pod = format!("pod/{}", self.relay.name);
        let ports = format!("{}:{}", self.port, relay::PORT);
        let arguments = ["port-forward", "-n", relay::NAMESPACE, &pod, &ports];
        let mut kubectl = kubectl::command("kubectl", arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("`kubectl` cannot be started")?;
        let outputs = (kubectl.stdout.take(), kubectl.stderr.take());
        state.kubectl = Some(kubectl);
        Ok(outputs)
    }

    /// Ends kubectl and deletes the relay.
    fn end(&self) {
        let mut state = self.state();
        state.is_ending = true;
        kill(&mut state);
        let _ = self.relay.delete(false);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kill(state: &mut State) {
    if let Some(mut kubectl) = state.kubectl.take() {
        let _ = kubectl.kill();
        let _ = kubectl.wait();
    }
}

/// Reads kubectl's output to its end, and says when the port is open. Returns whether it ever was.
fn announced(output: Option<ChildStdout>) -> anyhow::Result<bool> {
    let mut was_open = false;
    let lines = output
        .into_iter()
        .flat_map(|output| BufReader::new(output).lines());
    for line in lines {
        if !was_open && line?.starts_with("Forwarding from 127.0.0.1:") {
            was_open = true;
            say!("open")?;
        }
    }
    Ok(was_open)
}
