//! The watchdog ends PostgreSQL's programs once the process that started them has ended, in
//! whatever way. It waits until its standard input, a pipe from that process, is closed, which
//! Linux, macOS and Windows do when a process ends.
//!
//! Each system's module has the same two items: `initdb`, which runs that program to its end, and
//! `Postgres`, a server that can be started, crashed and stopped.

mod plan;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub(crate) use plan::{AfterStop, Plan};
#[cfg(unix)]
pub(crate) use unix::{Postgres, initdb};
#[cfg(windows)]
pub(crate) use windows::{Postgres, initdb};
