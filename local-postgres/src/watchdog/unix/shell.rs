//! A shell is the parent of the program, and both form a process group of their own. The shell ends
//! the program with a signal to that group. A process number from a file could belong to another
//! program by now, but the number of a group is not used again while one of its processes is left,
//! or while this process has not waited for the shell.

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
/// Each line of standard input runs the program, with that line as its last argument unless it is
/// empty. The shell itself ignores the signals that it sends, and a server's sessions are groups of
/// their own, so that the server ends as `pg_ctl` would end it.
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
    input: ChildStdin,
    /// What the program writes.
    pub(crate) output: Arc<Output>,
}

impl Shell {
    /// Starts the shell, which runs `program` in `folder` at each [`run`](Self::run), and copies
    /// its output to `log`. At the end the shell sends the program the signal `last`, and removes
    /// `remove`, unless that is empty.
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
        // The shell writes nothing there, but while it has this file open, the folder is locked.
        // The programs do not have it open: the next start ends a server that outlives the shell.
        let lock = lock.try_clone().map_err(Error::file(folder))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(lock).current_dir(folder).process_group(0);
        user::unprivileged(&mut command)?;
        let cannot_run = |cause| Error::Run {
            folder: folder.to_owned(),
            cause,
        };
        let mut process = command.spawn().map_err(cannot_run)?;
        let (Some(input), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(cannot_run(std::io::ErrorKind::BrokenPipe.into()));
        };
        Ok(Self {
            process,
            input,
            output: Output::read(stdout, log),
        })
    }

    /// Runs the program with one more argument, or none.
    pub(crate) fn run(&self, argument: &str) {
        *self.output.state() = State::default();
        // When the shell has ended, there is no more output.
        if writeln!(&self.input, "{argument}").is_err() {
            self.output.state().closed = true;
        }
    }

    /// Signals the program.
    pub(crate) fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.process.id()).map(Pid::from_raw);
        // Fails only when no process of the group is left.
        let _ = group.map(|group| killpg(group, signal));
    }

    /// Ends the program and waits until it has ended.
    pub(crate) fn end(mut self) {
        drop(self.input);
        if self.output.wait(TIMEOUT, |_| false).closed {
            let _ = self.process.wait();
        }
    }
}

/// Removes the user's environment except `PATH`: variables such as `PG…`, `LC_…` and `LD_…` are
/// meant for other programs.
fn clear_environment(command: &mut Command) {
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
}
