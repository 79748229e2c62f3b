//! A folder is used by one process, and by the watchdog that this process has started.
//!
//! The lock is a file that both have open: it ends when the last of them has ended, in whatever way.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::user;

/// How long the last watchdog may take to stop its server.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Locks `folder`, which is made if need be. Waits while the last watchdog is still stopping its server.
pub(crate) fn lock(folder: &Path) -> Result<File, Error> {
    fs::create_dir_all(folder).map_err(Error::file(folder))?;
    user::allow_entry(folder)?;
    let path = folder.join("lock");
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match try_lock(&path).map_err(Error::file(&path))? {
            Some(file) => return Ok(file),
            None if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
            None => return Err(Error::InUse(folder.to_owned())),
        }
    }
}

/// Nothing when others have the file. A process inherits this lock together with the open file.
#[cfg(unix)]
fn try_lock(path: &Path) -> io::Result<Option<File>> {
    use std::fs::TryLockError;
    let file = File::create(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Nothing when others have the file. On Windows a lock is that of the process which took it, and is not
/// inherited; an open file that is shared with nobody is.
#[cfg(windows)]
fn try_lock(path: &Path) -> io::Result<Option<File>> {
    use std::os::windows::fs::OpenOptionsExt;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    match options.share_mode(0).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.raw_os_error() == Some(ERROR_SHARING_VIOLATION) => Ok(None),
        Err(error) => Err(error),
    }
}
