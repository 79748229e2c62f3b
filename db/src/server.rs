//! A PostgreSQL of our own on a free port of 127.0.0.1, which ends with the process that started it.
//!
//! ```text
//! this process ──pipe──► watchdog: waits for the pipe to close, then `pg_ctl stop`
//!       └── pg_ctl start ──► postgres
//! ```
//!
//! The operating system closes the pipe however this process ends, `kill -9` included, on each of
//! Linux, macOS and Windows.

use std::fs::{self, File, TryLockError};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::postgres::PgConnectOptions;

use crate::{Error, installation, user};

/// A running server. Dropped, it stops a moment later; [`Server::stop`] waits for that.
pub struct Server {
    programs: PathBuf,
    data: PathBuf,
    password: String,
    port: u16,
    watchdog: Child,
    /// Held for as long as the folder is ours.
    _lock: File,
}

impl Server {
    /// Starts the user's own server, with its data where the last one left it.
    ///
    /// # Errors
    /// See [`Error`]; each says how to mend it.
    pub fn start() -> Result<Self, Error> {
        let folder = user::data_folder()?;
        Self::start_in(&folder, &[], Ending::Keep)
    }

    /// Starts a server whose data, in a temporary folder, ends with it. It survives a
    /// [`crash`](Server::crash), but not the machine's.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn scratch() -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("widgetario-").tempdir();
        let folder = folder.map_err(Error::file(&std::env::temp_dir()))?.keep();
        let quick = ["fsync=off", "max_connections=500"];
        Self::start_in(&folder, &quick, Ending::Remove)
    }

    /// Forgets the user's own server's data; the next start begins anew.
    ///
    /// # Errors
    /// When a shop runs with it, or the folder cannot be removed.
    pub fn forget() -> Result<(), Error> {
        let folder = user::data_folder()?;
        let _lock = lock(&folder)?;
        let data = folder.join("database");
        match fs::remove_dir_all(&data) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::file(&data)(error))
            }
            _ => Ok(()),
        }
    }

    fn start_in(folder: &Path, settings: &[&str], ending: Ending) -> Result<Self, Error> {
        let programs = installation::install(|_, _| ())?;
        let lock = lock(folder)?;
        let data = folder.join("database");
        if data.exists() {
            // A `kill -9` a moment ago may have left one that is about to stop.
            let _ = run(
                "pg_ctl",
                pg_ctl(&programs, &data).args(["stop", "--mode=fast"]),
            );
        } else {
            initialize(&programs, folder, settings)?;
        }
        let file = data.join("superuser-password");
        let server = Self {
            password: fs::read_to_string(&file).map_err(Error::file(&file))?,
            port: free_port().map_err(Error::file(folder))?,
            watchdog: watchdog(&programs, folder, &data, ending)?,
            programs,
            data,
            _lock: lock,
        };
        server.resume()?;
        Ok(server)
    }

    /// How a superuser reaches the database `name`.
    pub fn superuser(&self, name: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username("postgres")
            .password(&self.password)
            .database(name)
    }

    /// The same as a URL.
    pub fn superuser_url(&self, name: &str) -> String {
        let Self { password, port, .. } = self;
        format!("postgres://postgres:{password}@127.0.0.1:{port}/{name}")
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its data is.
    pub fn folder(&self) -> &Path {
        &self.data
    }

    /// Stops the server, as a crash would: at once. [`Server::resume`] starts it again.
    ///
    /// # Errors
    /// When it did not run.
    pub fn crash(&self) -> Result<(), Error> {
        let mut command = pg_ctl(&self.programs, &self.data);
        run("pg_ctl", command.args(["stop", "--mode=immediate"]))
    }

    /// Starts a stopped server again, on the same port.
    ///
    /// # Errors
    /// With PostgreSQL's own last word.
    pub fn resume(&self) -> Result<(), Error> {
        let log = self.data.join("server.log");
        let _ = fs::remove_file(&log);
        let mut command = pg_ctl(&self.programs, &self.data);
        command.arg("start").arg("--log").arg(&log);
        command.arg(format!("--options=-p {}", self.port));
        run("pg_ctl", &mut command).map_err(|error| match fatal(&log) {
            Some(reason) => Error::Start {
                data: self.data.clone(),
                reason,
            },
            None => error,
        })
    }

    /// Stops the server and waits until it has.
    pub fn stop(mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// What becomes of the folder when the server ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Keep,
    Remove,
}

/// Takes `folder` for this process alone.
fn lock(folder: &Path) -> Result<File, Error> {
    fs::create_dir_all(folder).map_err(Error::file(folder))?;
    user::keep_private(folder)?;
    let path = folder.join("lock");
    let file = File::create(&path).map_err(Error::file(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(Error::file(&path)(error)),
    }
}

/// Makes `folder/database`, whole or not at all.
fn initialize(programs: &Path, folder: &Path, settings: &[&str]) -> Result<(), Error> {
    let unfinished = folder.join("database.unfinished");
    let password_file = folder.join("superuser-password");
    let _ = fs::remove_dir_all(&unfinished);
    let random =
        |_| getrandom::u64().map_or_else(|_| String::new(), |number| format!("{number:016x}"));
    let password: String = (0..2).map(random).collect();
    fs::write(&password_file, password).map_err(Error::file(&password_file))?;
    user::hand_over(&password_file)?;

    let mut initdb = program(programs, "initdb", folder);
    initdb.arg("--pgdata").arg(&unfinished);
    initdb.arg("--pwfile").arg(&password_file);
    initdb.args(["--username=postgres", "--auth=scram-sha-256"]);
    initdb.args(["--encoding=UTF8", "--locale=C", "--no-sync"]);
    let ours = [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "shared_buffers=32MB",
    ];
    for setting in ours.iter().chain(settings) {
        initdb.args(["--set", setting]);
    }
    run("initdb", &mut initdb)?;
    let kept = unfinished.join("superuser-password");
    fs::rename(&password_file, &kept).map_err(Error::file(&kept))?;
    let data = folder.join("database");
    fs::rename(&unfinished, &data).map_err(Error::file(&data))
}

/// One of PostgreSQL's programs, as an unprivileged user, deaf to this terminal's Ctrl-C.
fn program(programs: &Path, name: &str, folder: &Path) -> Command {
    let mut command = Command::new(programs.join(name));
    command.current_dir(folder).stdin(Stdio::null());
    apart(&mut command);
    command
}

fn pg_ctl(programs: &Path, data: &Path) -> Command {
    let mut command = program(programs, "pg_ctl", data);
    command
        .arg("--wait")
        .arg("--silent")
        .arg("--pgdata")
        .arg(data);
    command
}

fn run(program: &'static str, command: &mut Command) -> Result<(), Error> {
    user::unprivileged(command)?;
    let path = PathBuf::from(command.get_program());
    let output = command.output().map_err(Error::file(&path))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let reason = said.lines().rfind(|line| !line.is_empty());
    Err(Error::Program {
        program,
        reason: reason.unwrap_or("it said nothing").into(),
    })
}

/// Starts what stops the server once this process has ended.
fn watchdog(programs: &Path, folder: &Path, data: &Path, ending: Ending) -> Result<Child, Error> {
    // `0`, the pipe's end; the second try is for a server that was just starting.
    #[cfg(unix)]
    let mut command = {
        let script = r#"trap '' HUP INT TERM; cat >/dev/null
            "$PG_CTL" stop -s -m fast || { sleep 1; "$PG_CTL" stop -s -m fast; }
            [ -z "$REMOVE" ] || rm -rf "$REMOVE""#;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    };
    #[cfg(windows)]
    let mut command = {
        use std::os::windows::process::CommandExt;
        let mut command = Command::new("cmd");
        command.raw_arg(
            r#"/C "sort >NUL & "%PG_CTL%" stop -s -m fast & if defined REMOVE rmdir /S /Q "%REMOVE%"""#,
        );
        command
    };
    command
        .env("PG_CTL", programs.join("pg_ctl"))
        .env("PGDATA", data);
    match ending {
        Ending::Remove => command.env("REMOVE", folder),
        Ending::Keep => command.env_remove("REMOVE"),
    };
    command
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    apart(&mut command);
    user::unprivileged(&mut command)?;
    command.spawn().map_err(Error::file(programs))
}

#[cfg(unix)]
fn apart(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(windows)]
fn apart(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Why the server gave up, in its own words.
fn fatal(log: &Path) -> Option<String> {
    let log = fs::read_to_string(log).ok()?;
    let grave = |line: &&str| line.contains("FATAL:") || line.contains("PANIC:");
    log.lines().rfind(grave).map(str::to_owned)
}
