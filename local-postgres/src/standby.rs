//! A standby of a scratch server: what a failover leads to, for tests.

use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::server::Server;
use crate::user;

impl Server {
    /// Starts a hot standby of this scratch server, which streams all that this one writes until
    /// `SELECT pg_promote()` makes it a primary. This server stops for a moment: its sessions end.
    /// The password is the same.
    ///
    /// # Errors
    /// When this server does not run, or one of them does not start.
    pub fn standby(&self) -> Result<Self, Error> {
        let folder = Self::scratch_folder()?;
        self.crash()?; // what a stopped server leaves is whole
        let copied = copy(&self.home().join("password"), &folder.join("password"))
            .and_then(|()| copy(self.folder(), &folder.join("database")));
        self.resume()?;
        copied?;
        let signal = folder.join("database/standby.signal");
        fs::write(&signal, "").map_err(Error::file(&signal))?;
        user::hand_over(&signal)?;
        let primary = format!("primary_conninfo={}", self.superuser("postgres"));
        Self::start_scratch(&folder, &[&primary, "max_standby_streaming_delay=0"])
    }
}

/// Copies a file, or a folder with what is in it, for the user as whom PostgreSQL runs.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    if from.is_dir() {
        fs::create_dir(to).map_err(Error::file(to))?;
        for entry in fs::read_dir(from).map_err(Error::file(from))? {
            let entry = entry.map_err(Error::file(from))?;
            if entry.file_name() != "postmaster.pid" {
                copy(&entry.path(), &to.join(entry.file_name()))?;
            }
        }
    } else {
        fs::copy(from, to).map_err(Error::file(to))?;
    }
    // Last, because nothing is written into a folder that is another user's.
    user::hand_over(to)
}
