//! A shell is the parent of the program, and both are a process group of their own. The shell ends
//! the program with a signal to that group, so that no signal depends on a number in a file, which
//! may be somebody else's by now: a group's number is not given anew while one of its processes is
//! left, or while this process has not waited for the shell.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::error::Error;
use crate::user;
use crate::watchdog::plan::TIMEOUT;
use crate::watchdog::unix::output::{Output, State};

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

/// A shell whose program ends with this process.
pub(crate) struct Shell {
    process: Child,
    orders: ChildStdin,
    /// What the program says.
    pub(crate) output: Arc<Output>,
}

impl Shell {
    /// Starts the shell, which runs `program` in `folder` when [told to](Self::run), copies its
    /// output to `log`, ends it with the signal `last`, and then removes `remove`, if that is not
    /// empty.
    pub(crate) fn start(
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
        clear_environment(&mut command);
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
        let mut process = command.spawn().map_err(cannot_run)?;
        let (Some(orders), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(cannot_run(std::io::ErrorKind::BrokenPipe.into()));
        };
        Ok(Self {
            process,
            orders,
            output: Output::read(stdout, log),
        })
    }

    /// Runs the program with one more argument, or none.
    pub(crate) fn run(&self, argument: &str) {
        *self.output.state() = State::default();
        // A shell that is gone is noticed by its silence.
        if writeln!(&self.orders, "{argument}").is_err() {
            self.output.state().closed = true;
        }
    }

    /// Signals the program.
    pub(crate) fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.process.id()).map(Pid::from_raw);
        // Fails only when none is left.
        let _ = group.map(|group| killpg(group, signal));
    }

    /// Ends the program and waits for that.
    pub(crate) fn end(mut self) {
        drop(self.orders);
        if self.output.wait(TIMEOUT, |_| false).closed {
            let _ = self.process.wait();
        }
    }
}

/// Leaves nothing of the user's environment but where programs are: what `PG…`, `LC_…`, `LD_…` and
/// their like mean for other programs is not meant for this one.
fn clear_environment(command: &mut Command) {
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
}
