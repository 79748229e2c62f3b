//! A PostgreSQL of our own on a free port of 127.0.0.1, which ends with the process that started it.
//!
//! ```text
//! this process ──pipe──► watchdog: waits for the pipe to close, then stops its child
//!                            └── postgres
//! ```
//!
//! The operating system closes the pipe however this process ends, `kill -9` included.

use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::attempt::{attempt, finish};
use crate::watchdog::{Ending, Plan, Postgres, initdb};
use crate::{Error, installation, leftover, user};

/// What a server of ours is, whatever its configuration file says: the first five so that it is
/// understood.
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

/// A running server. Dropped, it stops a moment later; [`Server::stop`] waits for that.
pub struct Server {
    postgres: Postgres,
    programs: PathBuf,
    data: PathBuf,
    password: String,
    port: u16,
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
            ending,
        };
        let postgres = Postgres::new(&plan)?;
        if ending == Ending::Remove {
            user::hand_over(folder)?; // for the watchdog to remove
        }
        let mut server = Self {
            postgres,
            programs,
            data,
            password,
            port: 0,
            _lock: lock,
        };
        server.start_on_a_free_port()?;
        Ok(server)
    }

    fn start_on_a_free_port(&mut self) -> Result<(), Error> {
        // A server without its file ends within a minute.
        let patience = Instant::now() + Duration::from_secs(70);
        let mut ports = 5;
        loop {
            self.port = free_port().map_err(Error::Port)?;
            let Err(said) = self.postgres.start(self.port) else {
                return Ok(());
            };
            let says = |phrase| said.iter().any(|line| line.contains(phrase));
            if says("could not bind") && ports > 0 {
                ports -= 1; // somebody else has taken it meanwhile
            } else if says("pre-existing shared memory") && Instant::now() < patience {
                thread::sleep(Duration::from_secs(1));
            } else {
                return Err(Error::start(&self.data, &self.programs, &said));
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

    /// Whether it takes connections.
    pub fn is_running(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }

    /// Where its data is.
    pub fn folder(&self) -> &Path {
        &self.data
    }

    /// Why it ended, if it did so by itself.
    pub fn ended(&self) -> Error {
        Error::ended(&self.programs, &self.postgres.said())
    }

    /// Stops the server, as a crash would: at once. [`Server::resume`] starts it again.
    ///
    /// # Errors
    /// When it did not run.
    pub fn crash(&self) -> Result<(), Error> {
        let ran = self.postgres.crash();
        ran.then_some(()).ok_or(Error::NotRunning)
    }

    /// Starts a stopped server again, on the same port.
    ///
    /// # Errors
    /// With PostgreSQL's own last word.
    pub fn resume(&self) -> Result<(), Error> {
        let started = self.postgres.start(self.port);
        started.map_err(|said| Error::start(&self.data, &self.programs, &said))
    }

    /// Stops the server and waits until it has.
    pub fn stop(self) {
        self.postgres.stop();
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
fn initialize(programs: &Path, folder: &Path, lock: &File) -> Result<(), Error> {
    // initdb has a shell run its fellow, and quotes that one's path too little.
    let special = if cfg!(windows) { "%" } else { "$`\"\\\n" };
    is_usable(programs, special)?;
    is_usable(folder, "\r\n")?;
    let attempt = attempt(folder, "database")?;
    user::hand_over(attempt.path())?;
    let unfinished = attempt.path().join("database");
    let password_file = folder.join("password");
    let password = format!("{:016x}{:016x}", getrandom::u64()?, getrandom::u64()?);
    let _ = fs::remove_file(&password_file);
    fs::write(&password_file, password).map_err(Error::file(&password_file))?;
    user::hand_over(&password_file)?;

    let mut arguments = vec!["--pgdata".into(), unfinished.clone().into_os_string()];
    arguments.extend(["--pwfile".into(), password_file.into_os_string()]);
    let ours = "--username=postgres --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync";
    arguments.extend(ours.split(' ').map(Into::into));
    initdb(programs, folder, &arguments, lock)?;
    finish(&unfinished, &folder.join("database"))
}

/// Whether PostgreSQL's programs can do with `path`.
fn is_usable(path: &Path, special: &str) -> Result<(), Error> {
    let text = path.to_string_lossy();
    let path = path.to_owned();
    if let Some(character) = text.chars().find(|&character| special.contains(character)) {
        return Err(Error::Character { path, character });
    }
    // They cut off what is longer than 1,023 bytes, the names of their files included.
    if path.as_os_str().len() > 900 {
        let reason = "File name too long".into();
        return Err(Error::File { path, reason });
    }
    Ok(())
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
