//! What ends PostgreSQL's programs once the process that started them has ended, in whatever way: it
//! waits for its standard input, a pipe from that process, to close. The operating system sees to
//! that on each of Linux, macOS and Windows.
//!
//! Each system's module has the same two items: `initdb`, which runs that program to its end, and
//! `Postgres`, a server that can be started, crashed and stopped.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{Postgres, initdb};
#[cfg(windows)]
pub(crate) use windows::{Postgres, initdb};

use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// What becomes of the folder when the server ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It stays for the next start.
    Keep,
    /// It is removed.
    Remove,
}

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
    /// Stays locked until the last of the watchdog has ended.
    pub(crate) lock: &'a File,
    pub(crate) ending: Ending,
}

/// How long a server may take to start, recovery after a crash included, or to stop.
const PATIENCE: Duration = Duration::from_mins(1);
