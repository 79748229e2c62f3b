//! PostgreSQL's programs on Unix: each runs in a shell of its own, which is the watchdog.

mod output;
mod shell;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use output::State;
use shell::Shell;

use crate::error::Error;
use crate::watchdog::plan::{AfterStop, Plan, TIMEOUT};

/// How long `initdb`, which takes a second, may take on the slowest disk.
const INITDB_TIMEOUT: Duration = Duration::from_mins(10);

/// Runs `initdb` with `arguments`; when this process ends, `initdb` is killed.
pub(crate) fn initdb(
    programs: &Path,
    folder: &Path,
    arguments: &[OsString],
    lock: &File,
) -> Result<(), Error> {
    let mut program = vec![programs.join("initdb").into_os_string()];
    program.extend_from_slice(arguments);
    let nothing = OsStr::new("");
    let shell = Shell::start(folder, lock, None, Signal::SIGKILL, nothing, &program)?;
    shell.run("");
    let (status, mut lines) = {
        let ended = |state: &State| state.ended.is_some();
        let mut state = shell.output.wait(INITDB_TIMEOUT, ended);
        (state.ended, std::mem::take(&mut state.lines))
    };
    shell.end();
    match status {
        Some(0) => Ok(()),
        _ => Err(Error::program("initdb", programs, lines.make_contiguous())),
    }
}

/// A server that ends with this process.
pub(crate) struct Postgres {
    shell: Shell,
}

impl Postgres {
    /// A server that [`start`](Self::start) starts.
    pub(crate) fn new(plan: &Plan) -> Result<Self, Error> {
        let log = plan.folder.join("server.log");
        let log = File::create(&log).map_err(Error::file(&log))?;
        let mut program = vec![plan.programs.join("postgres").into_os_string()];
        program.extend(["-D".into(), plan.data.as_os_str().to_owned()]);
        for setting in plan.settings {
            program.extend(["-c".into(), OsString::from(setting)]);
        }
        program.push("-p".into());
        let remove = match plan.after_stop {
            AfterStop::KeepFolder => OsStr::new(""),
            AfterStop::RemoveFolder => plan.folder.as_os_str(),
        };
        let (folder, lock) = (plan.folder, plan.lock);
        let last = Signal::SIGINT; // a fast shutdown
        let shell = Shell::start(folder, lock, Some(log), last, remove, &program)?;
        Ok(Self { shell })
    }

    /// Starts the server and waits until it accepts connections.
    ///
    /// # Errors
    /// The output of the server.
    pub(crate) fn start(&self, port: u16) -> Result<(), Vec<String>> {
        // A standby: "read-only connections".
        const READY: &str = "database system is ready to accept ";
        self.shell.run(&port.to_string());
        let ready = |state: &State| state.lines.iter().any(|line| line.contains(READY));
        let decided = |state: &State| state.ended.is_some() || ready(state);
        let state = self.shell.output.wait(TIMEOUT, decided);
        if ready(&state) && state.ended.is_none() {
            return Ok(());
        }
        let lines = state.lines.iter().cloned().collect();
        drop(state);
        self.crash();
        Err(lines)
    }

    /// Ends the server at once, as a crash would; returns whether it ran.
    pub(crate) fn crash(&self) -> bool {
        let output = &self.shell.output;
        let ran = output.state().ended.is_none();
        self.shell.signal(Signal::SIGQUIT);
        drop(output.wait(TIMEOUT, |state| state.ended.is_some()));
        ran
    }

    /// The last lines of its output.
    pub(crate) fn output(&self) -> Vec<String> {
        self.shell.output.state().lines.iter().cloned().collect()
    }

    /// Stops the server and waits until it has stopped.
    pub(crate) fn stop(self) {
        // The shell would do this, too, but somebody may have killed it.
        self.shell.signal(Signal::SIGINT);
        self.shell.end();
    }
}
