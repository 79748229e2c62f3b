//! How many files and connections the operating system lets this process have, and their shares.
//!
//! A page takes a call for each product, and a call takes a connection at both ends: without shares
//! one page with many products, or a few visitors at once, would use up all of them, and then
//! nothing works, not even answering the probes.

use std::sync::LazyLock;

/// Connections of callers at once: the next ones wait in the system's queue.
pub(crate) static CONNECTIONS: LazyLock<usize> = LazyLock::new(|| *OPEN_FILES * 3 / 8);
/// Connections of probes at once, and of Prometheus.
pub(crate) const MANAGEMENT_CONNECTIONS: usize = 16;
/// Calls at once of one upstream service: the next ones wait for their turn. Connections that wait
/// for a call come on top, so that a caller asks for fewer than a service takes.
pub(crate) static CALLS: LazyLock<usize> = LazyLock::new(|| (*OPEN_FILES / 8).min(1024));
/// Connections to one upstream service that wait for a call.
pub(crate) static IDLE_CONNECTIONS: LazyLock<usize> = LazyLock::new(|| *CALLS / 2);

/// What is allowed after asking for as much as this process may have: macOS grants 256 at first.
static OPEN_FILES: LazyLock<usize> = LazyLock::new(|| {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        if let Ok((granted, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
            // More than the shares need would cost, where the system keeps a table of them. It may
            // refuse, or grant less: macOS has a second limit.
            let mut wanted = most.min(WANTED);
            while wanted > granted && setrlimit(Resource::RLIMIT_NOFILE, wanted, most).is_err() {
                wanted /= 2;
            }
            let granted =
                getrlimit(Resource::RLIMIT_NOFILE).map_or(granted, |(granted, _)| granted);
            return usize::try_from(granted.min(WANTED)).unwrap_or(8192);
        }
    }
    8192
});

#[cfg(unix)]
const WANTED: nix::sys::resource::rlim_t = 65_536;
