//! PostgreSQL's programs, downloaded once for this user.
//!
//! Maven Central has them for each platform, as a `.txz` within a `.jar`, thanks to
//! <https://github.com/zonkyio/embedded-postgres-binaries>.

mod download;
mod unpack;

use std::fs::{self, File};
use std::path::PathBuf;

pub use download::VERSION;
use download::download;
use unpack::unpack;

use crate::error::Error;
use crate::{attempt, folders, user};

/// The folder of `initdb` and `pg_ctl`, if [`install`] has nothing to do.
///
/// # Errors
/// When the account has no folder for them.
pub fn programs() -> Result<Option<PathBuf>, Error> {
    let programs = folder()?.join("bin");
    Ok(programs.exists().then_some(programs))
}

/// Downloads, checks and unpacks the programs, unless this user has them, and returns their folder.
/// `progress` gets the number of bytes downloaded and, if it is known, of all bytes.
///
/// # Errors
/// When Maven Central cannot be reached, sends something else, or the disk is full.
pub fn install(progress: impl FnMut(u64, Option<u64>)) -> Result<PathBuf, Error> {
    // What is there is complete, and may be on a read-only disk.
    if let Some(programs) = programs()? {
        return Ok(programs);
    }
    let folder = folder()?;
    let cache = folders::cache()?;
    fs::create_dir_all(&cache).map_err(Error::file(&cache))?;
    user::allow_entry(&cache)?;
    let lock = cache.join("download.lock");
    let lock = File::create(&lock).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(Error::file(&cache))?;
    if programs()?.is_none() {
        let archive = download(progress)?;
        let attempt = attempt::begin(&cache, "postgresql")?;
        let unfinished = attempt.path().join("postgresql");
        unpack(archive, &unfinished, &cache)?;
        attempt::finish(&unfinished, &folder)?;
    }
    Ok(folder.join("bin"))
}

fn folder() -> Result<PathBuf, Error> {
    let cache = folders::cache()?;
    Ok(cache.join(format!("postgresql-{VERSION}")))
}
