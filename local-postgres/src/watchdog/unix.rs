//! A shell is the parent of the program, and both are a process group of their own. The shell ends
//! the program with a signal to that group, so that no signal depends on a number in a file, which
//! may be somebody else's by now: a group's number is not given anew while one of its processes is
//! left, or while this process has not waited for the shell.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::{Ending, PATIENCE, Plan};
use crate::{Error, user};

/// Arguments: the signal that ends the program, what to remove afterwards or nothing, the program.
/// Each line of standard input runs the program, with that line as its last argument if it has a
/// word. The shell itself ignores the signals that it sends, and a server's sessions are groups of
/// their own, so that a server is ended as its `pg_ctl` would.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
last=$1 remove=$2
shift 2
while read -r argument; do
    ("$@" $argument; printf '\nended: %s\n' "$?") 2>&1 </dev/null &
done
kill -"$last" 0
wait
[ -z "$remove" ] || { cd / && rm -rf "$remove"; }
"#;

/// How long `initdb`, which takes a second, may take on the slowest disk.
const INITDB_PATIENCE: Duration = Duration::from_mins(10);

/// Lines that are kept of what a program says.
const LINES: usize = 100;

/// A program's output and end, as the thread that listens to it knows them.
#[derive(Default)]
struct State {
    lines: VecDeque<String>,
    /// The exit status.
    ended: Option<i32>,
    /// Neither the shell nor any process of the program is left.
    closed: bool,
}

type Heard = Arc<(Mutex<State>, Condvar)>;

/// A program that ends with this process.
struct Watchdog {
    shell: Child,
    orders: ChildStdin,
    heard: Heard,
}

impl Watchdog {
    /// Starts the shell, which runs `program` when told to.
    fn start(
        folder: &Path,
        lock: &File,
        log: Option<File>,
        last: Signal,
        remove: &OsStr,
        program: &[OsString],
    ) -> Result<Self, Error> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "sh"]);
        command.arg(last.as_str().trim_start_matches("SIG"));
        command.arg(remove).args(program);
        environment(&mut command);
        // The shell says nothing, but as long as it holds this file, the folder is locked. What it
        // runs does not hold it: a server that outlives the shell is the next start's to end.
        let lock = lock.try_clone().map_err(Error::file(folder))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(lock).current_dir(folder).process_group(0);
        user::unprivileged(&mut command)?;
        let cannot_run = |cause| Error::Run {
            folder: folder.to_owned(),
            cause,
        };
        let mut shell = command.spawn().map_err(cannot_run)?;
        let (Some(orders), Some(output)) = (shell.stdin.take(), shell.stdout.take()) else {
            return Err(cannot_run(std::io::ErrorKind::BrokenPipe.into()));
        };
        let heard = Heard::default();
        let listener = Arc::clone(&heard);
        thread::spawn(move || listen(output, log, &listener));
        Ok(Self {
            shell,
            orders,
            heard,
        })
    }

    /// Runs the program with one more argument, or none.
    fn run(&self, argument: &str) {
        *self.state() = State::default();
        // A shell that is gone is noticed by its silence.
        if writeln!(&self.orders, "{argument}").is_err() {
            self.state().closed = true;
        }
    }

    /// Waits until `condition` holds, or the program can say nothing more.
    fn wait(
        &self,
        patience: Duration,
        condition: impl Fn(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        let waiting = |state: &mut State| !state.closed && !condition(state);
        let changed = &self.heard.1;
        let waited = changed.wait_timeout_while(self.state(), patience, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.heard.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signals the program.
    fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.shell.id()).map(Pid::from_raw);
        // Fails only when none is left.
        let _ = group.map(|group| killpg(group, signal));
    }

    /// Ends the program and waits for that.
    fn end(self) {
        let Self {
            mut shell,
            orders,
            heard,
        } = self;
        drop(orders);
        let (state, changed) = &*heard;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(state, PATIENCE, |state| !state.closed);
        if waited.is_ok_and(|(state, _)| state.closed) {
            let _ = shell.wait();
        }
    }
}

/// Takes down what the program says until nobody is left to say anything.
fn listen(output: ChildStdout, mut log: Option<File>, (state, changed): &(Mutex<State>, Condvar)) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = output.read_until(b'\n', &mut line).unwrap_or(0);
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if length == 0 {
            state.closed = true;
        } else if let Some(status) = text.strip_prefix("ended: ") {
            state.ended = status.parse().ok();
        } else if !text.is_empty() {
            if let Some(log) = &mut log {
                let _ = log.write_all(&line); // the disk may be full
            }
            state.lines.push_back(text.to_owned());
            if state.lines.len() > LINES {
                state.lines.pop_front();
            }
        }
        changed.notify_all();
        if state.closed {
            return;
        }
    }
}

/// Nothing of the user's but where programs are: what `PG…`, `LC_…`, `LD_…` and their like mean for
/// other programs is not meant for this one.
fn environment(command: &mut Command) {
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
}

/// Runs `initdb` with `arguments`; killed with this process.
pub(crate) fn initdb(
    programs: &Path,
    folder: &Path,
    arguments: &[OsString],
    lock: &File,
) -> Result<(), Error> {
    let mut program = vec![programs.join("initdb").into_os_string()];
    program.extend_from_slice(arguments);
    let nothing = OsStr::new("");
    let watchdog = Watchdog::start(folder, lock, None, Signal::SIGKILL, nothing, &program)?;
    watchdog.run("");
    let (status, mut lines) = {
        let mut state = watchdog.wait(INITDB_PATIENCE, |state| state.ended.is_some());
        (state.ended, std::mem::take(&mut state.lines))
    };
    watchdog.end();
    match status {
        Some(0) => Ok(()),
        _ => Err(Error::program("initdb", programs, lines.make_contiguous())),
    }
}

/// A server that ends with this process.
pub(crate) struct Postgres {
    watchdog: Watchdog,
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
        let remove = match plan.ending {
            Ending::Keep => OsStr::new(""),
            Ending::Remove => plan.folder.as_os_str(),
        };
        let (folder, lock) = (plan.folder, plan.lock);
        let last = Signal::SIGINT; // a fast shutdown
        let watchdog = Watchdog::start(folder, lock, Some(log), last, remove, &program)?;
        Ok(Self { watchdog })
    }

    /// Starts the server and waits until it takes connections.
    ///
    /// # Errors
    /// With what it said.
    pub(crate) fn start(&self, port: u16) -> Result<(), Vec<String>> {
        const READY: &str = "database system is ready to accept connections";
        self.watchdog.run(&port.to_string());
        let ready = |state: &State| state.lines.iter().any(|line| line.ends_with(READY));
        let decided = |state: &State| state.ended.is_some() || ready(state);
        let state = self.watchdog.wait(PATIENCE, decided);
        if ready(&state) && state.ended.is_none() {
            return Ok(());
        }
        let said = state.lines.iter().cloned().collect();
        drop(state);
        self.crash();
        Err(said)
    }

    /// Ends the server at once, as a crash would; whether it ran.
    pub(crate) fn crash(&self) -> bool {
        let ran = self.watchdog.state().ended.is_none();
        self.watchdog.signal(Signal::SIGQUIT);
        drop(self.watchdog.wait(PATIENCE, |state| state.ended.is_some()));
        ran
    }

    /// What it said lately.
    pub(crate) fn said(&self) -> Vec<String> {
        self.watchdog.state().lines.iter().cloned().collect()
    }

    /// Stops the server and waits for that.
    pub(crate) fn stop(self) {
        // Not left to the shell alone: somebody may have killed it.
        self.watchdog.signal(Signal::SIGINT);
        self.watchdog.end();
    }
}
