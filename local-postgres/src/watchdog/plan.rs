//! What a server is started with.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// How long a server may take to start, recovery after a crash included, or to stop.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);

/// What a server is started with.
pub(crate) struct Plan<'a> {
    /// The folder of PostgreSQL's programs.
    pub(crate) programs: &'a Path,
    /// The folder of the lock, the log and the data.
    pub(crate) folder: &'a Path,
    /// The data's own folder.
    pub(crate) data: &'a Path,
    /// Settings, as `name=value`.
    pub(crate) settings: &'a [&'a str],
    /// Stays locked until the watchdog has ended.
    pub(crate) lock: &'a File,
    /// What happens to the folder when the server has ended.
    pub(crate) after_stop: AfterStop,
}

/// What happens to the folder when the server has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterStop {
    /// It stays for the next start.
    KeepFolder,
    /// It is removed.
    RemoveFolder,
}
