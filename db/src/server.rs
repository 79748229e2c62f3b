//! A PostgreSQL of our own on a free port of 127.0.0.1, which ends with the process that started it.
//!
//! ```text
//! this process ──pipe──► watchdog: waits for the pipe to close, then `pg_ctl stop`
//!       └── pg_ctl start ──► postgres
//! ```
//!
//! The operating system closes the pipe however this process ends, `kill -9` included.

use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;

use crate::program::{pg_ctl, program, run};
use crate::watchdog::Ending;
use crate::{Error, installation, user, watchdog};

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
        let (data, password_file) = (folder.join("database"), folder.join("password"));
        if data.exists() {
            // Runs only if somebody killed its watchdog, too.
            let _ = run(
                "pg_ctl",
                pg_ctl(&programs, &data).args(["stop", "--mode=fast"]),
            );
        } else {
            initialize(&programs, folder, settings)?;
        }
        let password = fs::read_to_string(&password_file).map_err(Error::file(&password_file))?;
        if ending == Ending::Remove {
            user::hand_over(folder)?; // for the watchdog to remove
        }
        let mut server = Self {
            password,
            port: free_port().map_err(Error::file(folder))?,
            watchdog: watchdog::start(&programs, folder, &data, &lock, ending)?,
            programs,
            data,
            _lock: lock,
        };
        if server.resume().is_err() {
            // Somebody else may have taken the port meanwhile.
            server.port = free_port().map_err(Error::file(folder))?;
            server.resume()?;
        }
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

    /// Whether it takes connections.
    pub fn is_running(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
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

/// Takes `folder` for this process, and for its watchdog until that has ended, too: what the last
/// one still has to stop is waited for.
fn lock(folder: &Path) -> Result<File, Error> {
    fs::create_dir_all(folder).map_err(Error::file(folder))?;
    user::let_in(folder)?;
    let path = folder.join("lock");
    let file = File::create(&path).map_err(Error::file(&path))?;
    let patience = Instant::now() + Duration::from_secs(5);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < patience => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => return Err(Error::InUse(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(Error::file(&path)(error)),
        }
    }
}

/// Makes `folder/database`, whole or not at all.
fn initialize(programs: &Path, folder: &Path, settings: &[&str]) -> Result<(), Error> {
    let unfinished = folder.join("database.unfinished");
    let password_file = folder.join("password");
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir(&unfinished).map_err(Error::file(&unfinished))?;
    user::hand_over(&unfinished)?;
    let password = format!("{:016x}{:016x}", getrandom::u64()?, getrandom::u64()?);
    let _ = fs::remove_file(&password_file);
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
    let data = folder.join("database");
    fs::rename(&unfinished, &data).map_err(Error::file(&data))
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
