//! A process that is stopped in the middle of its work.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::ps;
use crate::wait::wait_until;

/// A process that stands still and takes no signal; when this is dropped, it goes on.
pub struct Frozen(Pid);

impl Frozen {
    /// Stops the process `id`.
    pub fn new(id: Pid) -> Self {
        kill(id, Signal::SIGSTOP).unwrap();
        let frozen = Self(id);
        // `kill` does not wait: on a busy machine, the process goes on for a while. It may even end,
        // and then stands still until its parent notices.
        wait_until("SIGSTOP", || {
            ps::column(id, "stat=").starts_with(['T', 'Z'])
        });
        frozen
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGCONT);
    }
}
