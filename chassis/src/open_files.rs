//! How many files and connections this process may have, and how many of them are for what.
//!
//! A page makes a call for each product, and a call needs a connection at both ends. Without
//! shares, one page with many products, or a few visitors at once, would use up all of them, and
//! nothing would work any more, not even the probes.

use std::sync::LazyLock;

/// How many connections callers may have at once; the next ones wait in the system's queue.
pub(crate) static CONNECTIONS: LazyLock<usize> = LazyLock::new(|| *OPEN_FILES * 3 / 8);
/// How many connections probes and Prometheus may have at once.
pub(crate) const MANAGEMENT_CONNECTIONS: usize = 16;
/// How many calls of one upstream service may be under way; the next ones wait for their turn.
/// Together with the idle connections, a caller uses fewer connections than a service accepts.
pub(crate) static CALLS: LazyLock<usize> = LazyLock::new(|| (*OPEN_FILES / 8).min(1024));
/// How many connections to one upstream service may wait for a call.
pub(crate) static IDLE_CONNECTIONS: LazyLock<usize> = LazyLock::new(|| *CALLS / 2);

/// The limit, after this process has asked to raise it: macOS grants 256 at first.
static OPEN_FILES: LazyLock<usize> = LazyLock::new(|| {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        if let Ok((granted, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
            // Not more than the shares need: some systems keep a table as large as the limit. The
            // system may refuse, or grant less: macOS has a second limit.
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
