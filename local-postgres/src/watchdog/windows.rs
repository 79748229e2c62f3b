//! PostgreSQL's programs on Windows: `cmd` is the watchdog, and runs `pg_ctl stop`, which speaks to
//! the server through a pipe that only a PostgreSQL has. `pg_ctl start` drops an administrator's
//! rights, with which PostgreSQL refuses to run.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::error::Error;
use crate::watchdog::plan::{AfterStop, Plan, TIMEOUT};

/// What the watchdog runs.
///
/// `cmd` runs nothing that the registry names first (`/D`), and reads this script as it is meant,
/// whatever the registry says. `sort` waits for the end of standard input.
///
/// The server stops in order, or else at once. While the file `STARTING` is there, a server may come up
/// only now, because its start goes on although the process that began it was killed.
///
/// A virus scanner may hold files of the folder `REMOVE` for some seconds.
const SCRIPT: &str = concat!(
    r#"/D /E:ON /V:OFF /S /C ""#,
    r#"sort >NUL"#,
    r#" & ("%PG_CTL%" stop -s -m fast || "%PG_CTL%" stop -s -m immediate) && del "%STARTING%""#,
    r#" & (for /L %i in (1,1,20) do if exist "%STARTING%""#,
    r#" (ping -n 2 127.0.0.1 >NUL & "%PG_CTL%" stop -s -m immediate && del "%STARTING%"))"#,
    r#" & if defined REMOVE (for /L %i in (1,1,20) do if exist "%REMOVE%""#,
    r#" (rmdir /S /Q "%REMOVE%" & if exist "%REMOVE%" ping -n 2 127.0.0.1 >NUL))"#,
    r#"""#
);

/// A command without a window, which this terminal's Ctrl-C and its end do not reach, and without the
/// user's variables for PostgreSQL's programs.
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    let mut command = Command::new(program);
    command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
    command.stdin(Stdio::null()).env("LC_ALL", "C");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().to_uppercase().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program to its end. Its output goes to the file `log`: a pipe would stay open in the server
/// that it starts.
fn run(command: &mut Command, log: &Path) -> Result<(), Vec<String>> {
    let line = |cause: std::io::Error| vec![cause.to_string()];
    let file = File::create(log).map_err(line)?;
    let errors = file.try_clone().map_err(line)?;
    let status = command.stdout(file).stderr(errors).status();
    if status.map_err(line)?.success() {
        Ok(())
    } else {
        Err(lines(log))
    }
}

fn lines(log: &Path) -> Vec<String> {
    let log = fs::read(log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    log.lines().map(str::to_owned).collect()
}

/// Runs `initdb` with `arguments`. When this process is killed, `initdb` goes on, in a folder that
/// nobody uses again.
pub(crate) fn initdb(
    programs: &Path,
    folder: &Path,
    arguments: &[OsString],
    _lock: &File,
) -> Result<(), Error> {
    let mut initdb = command(programs.join("initdb"));
    run(initdb.args(arguments), &folder.join("initdb.log"))
        .map_err(|output| Error::program("initdb", programs, &output))
}

/// A server that ends with this process.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    data: PathBuf,
    /// A file that is there while the server starts.
    starting: PathBuf,
    settings: String,
    watchdog: Child,
}

impl Postgres {
    /// A server that [`start`](Self::start) starts.
    pub(crate) fn new(plan: &Plan) -> Result<Self, Error> {
        let starting = plan.folder.join("starting");
        let mut watchdog = command("cmd");
        watchdog.raw_arg(SCRIPT);
        watchdog
            .env("PG_CTL", plan.programs.join("pg_ctl"))
            .env("PGDATA", plan.data)
            .env("STARTING", &starting);
        watchdog.stdin(Stdio::piped()).stderr(Stdio::null());
        match plan.after_stop {
            // It could not remove a file that it has open; nobody else uses that folder.
            AfterStop::RemoveFolder => watchdog.env("REMOVE", plan.folder).stdout(Stdio::null()),
            // It writes nothing there, but while it has this file open, the folder is locked.
            AfterStop::KeepFolder => {
                let lock = plan.lock.try_clone().map_err(Error::file(plan.folder))?;
                watchdog.env_remove("REMOVE").stdout(lock)
            }
        };
        // Nothing can remove the folder in which a process, or its console, works.
        watchdog.current_dir(plan.programs);
        let watchdog = watchdog.spawn().map_err(|cause| Error::Run {
            folder: plan.folder.to_owned(),
            cause,
        })?;
        let settings = plan.settings.iter().map(|setting| format!("-c {setting} "));
        Ok(Self {
            programs: plan.programs.to_owned(),
            folder: plan.folder.to_owned(),
            data: plan.data.to_owned(),
            starting,
            settings: settings.collect(),
            watchdog,
        })
    }

    /// Starts the server and waits until it accepts connections.
    ///
    /// # Errors
    /// The output of the server.
    pub(crate) fn start(&self, port: u16) -> Result<(), Vec<String>> {
        let log = self.folder.join("server.log");
        let _ = fs::remove_file(&log);
        File::create(&self.starting).map_err(|cause| vec![cause.to_string()])?;
        let mut command = self.pg_ctl("start");
        command.arg("--log").arg(&log);
        command.arg(format!("--options={}-p {port}", self.settings));
        let started = run(&mut command, &self.folder.join("pg_ctl.log"));
        let _ = fs::remove_file(&self.starting);
        started.map_err(|mut output| {
            output.extend(self.output());
            output
        })
    }

    /// Ends the server at once, as a crash would; returns whether it ran.
    pub(crate) fn crash(&self) -> bool {
        let mut command = self.pg_ctl("stop");
        let stop = command.arg("--mode=immediate");
        run(stop, &self.folder.join("pg_ctl.log")).is_ok()
    }

    /// The lines of its log.
    pub(crate) fn output(&self) -> Vec<String> {
        lines(&self.folder.join("server.log"))
    }

    /// Stops the server and waits until it has stopped.
    pub(crate) fn stop(mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
        // Somebody may have killed it.
        if self.data.join("postmaster.pid").exists() {
            let mut command = self.pg_ctl("stop");
            let _ = run(&mut command, &self.folder.join("pg_ctl.log"));
        }
    }

    fn pg_ctl(&self, order: &str) -> Command {
        let mut pg_ctl = command(self.programs.join("pg_ctl"));
        pg_ctl.args([order, "--wait", "--silent"]);
        pg_ctl.arg(format!("--timeout={}", TIMEOUT.as_secs()));
        pg_ctl.arg("--pgdata").arg(&self.data);
        pg_ctl
    }
}
