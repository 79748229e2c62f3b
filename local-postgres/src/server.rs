//! A PostgreSQL of our own on a free port of 127.0.0.1, which ends with the process that started it.
//!
//! ```text
//! this process ──pipe──► watchdog: waits for the pipe to close, then stops its child
//!                            └── postgres
//! ```
//!
//! The operating system closes the pipe however this process ends, `kill -9` included.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::data::initialize;
use crate::error::Error;
use crate::lock::lock;
use crate::watchdog::{AfterStop, Plan, Postgres};
use crate::{attempt, installation, leftover, user};

/// Settings of every server, whatever its configuration file says. The first five make its log
/// readable for [`Error`].
const SETTINGS: [&str; 9] = [
    "log_destination=stderr",
    "logging_collector=off",
    "log_min_messages=warning",
    "log_line_prefix=%m ",
    "lc_messages=C",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "ssl=off",
    "shared_buffers=32MB",
];

/// A running server. Dropped, it stops a moment later; [`Server::stop`] waits until it has.
pub struct Server {
    postgres: Postgres,
    programs: PathBuf,
    data: PathBuf,
    password: String,
    port: u16,
    /// Held for as long as this process uses the folder.
    lock: File,
}

impl Server {
    /// Starts a server in `folder`, which is made if need be, with the data of the last one there.
    ///
    /// # Errors
    /// See [`Error`]; each names its remedy.
    pub fn start(folder: &Path) -> Result<Self, Error> {
        Self::start_in(folder, &[], AfterStop::KeepFolder)
    }

    /// Starts a server whose data is in a temporary folder, which is removed when it ends. The data
    /// survives a [`crash`](Server::crash) of the server, but not a crash of the machine.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn scratch() -> Result<Self, Error> {
        Self::scratch_with(&[])
    }

    /// The same with these `settings`, as `name=value`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn scratch_with(settings: &[&str]) -> Result<Self, Error> {
        Self::start_scratch(&Self::scratch_folder()?, settings)
    }

    /// A new folder for a scratch server.
    pub(crate) fn scratch_folder() -> Result<PathBuf, Error> {
        let folder = tempfile::Builder::new().prefix("widgetario-").tempdir();
        Ok(folder.map_err(Error::file(&std::env::temp_dir()))?.keep())
    }

    /// Starts a scratch server with the data in `folder`, which is made if need be.
    pub(crate) fn start_scratch(folder: &Path, settings: &[&str]) -> Result<Self, Error> {
        let quick = ["fsync=off", "max_connections=500"];
        let settings = [&quick, settings].concat();
        Self::start_in(folder, &settings, AfterStop::RemoveFolder)
    }

    /// Forgets the data of the server in `folder`, all of it or nothing; the next start begins anew.
    ///
    /// # Errors
    /// When that server runs, or its data cannot be removed.
    pub fn forget(folder: &Path) -> Result<(), Error> {
        let _lock = lock(folder)?;
        let data = folder.join("database");
        if data.exists() {
            leftover::clear(&data)?;
            attempt::discard(folder, "database")?;
        }
        Ok(())
    }

    fn start_in(folder: &Path, settings: &[&str], after_stop: AfterStop) -> Result<Self, Error> {
        let programs = installation::install(|_, _| ())?;
        let lock = lock(folder)?;
        let (data, password_file) = (folder.join("database"), folder.join("password"));
        if data.exists() {
            leftover::clear(&data)?;
        } else {
            initialize(&programs, folder, &lock)?;
        }
        let password = fs::read_to_string(&password_file).map_err(Error::file(&password_file))?;
        let plan = Plan {
            programs: &programs,
            folder,
            data: &data,
            settings: &[&SETTINGS, settings].concat(),
            lock: &lock,
            after_stop,
        };
        let postgres = Postgres::new(&plan)?;
        if after_stop == AfterStop::RemoveFolder {
            user::hand_over(folder)?; // for the watchdog to remove
        }
        let mut server = Self {
            postgres,
            programs,
            data,
            password,
            port: 0,
            lock,
        };
        server.start_on_a_free_port()?;
        Ok(server)
    }

    fn start_on_a_free_port(&mut self) -> Result<(), Error> {
        // A server without its file ends within a minute.
        let deadline = Instant::now() + Duration::from_secs(70);
        let mut other_ports = 5;
        loop {
            self.port = free_port().map_err(Error::Port)?;
            let Err(output) = self.postgres.start(self.port) else {
                return Ok(());
            };
            let says = |phrase| output.iter().any(|line| line.contains(phrase));
            if says("could not bind") && other_ports > 0 {
                other_ports -= 1; // another program has taken it since
            } else if says("pre-existing shared memory") && Instant::now() < deadline {
                thread::sleep(Duration::from_secs(1));
            } else {
                return Err(Error::start(&self.data, &self.programs, &output));
            }
        }
    }

    /// The URL with which a superuser reaches the database `name`.
    pub fn superuser(&self, name: &str) -> String {
        let Self { password, port, .. } = self;
        format!("postgres://postgres:{password}@127.0.0.1:{port}/{name}")
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the server accepts connections.
    pub fn is_running(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }

    /// The folder of the server's data.
    pub fn folder(&self) -> &Path {
        &self.data
    }

    /// The folder of the server's data, its password, log and lock.
    pub(crate) fn home(&self) -> &Path {
        self.data.parent().unwrap_or(&self.data)
    }

    /// Why the server ended, if it ended by itself.
    pub fn ended(&self) -> Error {
        Error::ended(&self.programs, &self.postgres.output())
    }

    /// Stops the server, as a crash would: at once. [`Server::resume`] starts it again.
    ///
    /// # Errors
    /// When the server did not run.
    pub fn crash(&self) -> Result<(), Error> {
        let ran = self.postgres.crash();
        ran.then_some(()).ok_or(Error::NotRunning)
    }

    /// Starts a stopped server again, on the same port.
    ///
    /// # Errors
    /// Why the server did not start.
    pub fn resume(&self) -> Result<(), Error> {
        let started = self.postgres.start(self.port);
        started.map_err(|output| Error::start(&self.data, &self.programs, &output))
    }

    /// Stops the server and waits until it has stopped.
    pub fn stop(self) {
        let Self { postgres, lock, .. } = self;
        // On Windows nothing can remove an open file; where the folder stays, the watchdog has it open.
        drop(lock);
        postgres.stop();
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
