//! Cleans up what must not be left behind: a load, a port-forward, and the pods of a measurement.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{process, thread};

use tokio::runtime::Builder;

type Work = Box<dyn FnOnce() + Send>;

/// Work that is still to be done, numbered in the order in which it was registered.
static PENDING: Mutex<BTreeMap<u64, Work>> = Mutex::new(BTreeMap::new());

/// What a shell reports of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Work that is done when this is dropped, or when the user interrupts the program before.
#[must_use]
pub(crate) struct Cleanup(u64);

impl Cleanup {
    /// Registers `work`.
    pub(crate) fn new(work: impl FnOnce() + Send + 'static) -> Self {
        let mut pending = pending();
        let number = pending.last_key_value().map_or(0, |(last, _)| last + 1);
        pending.insert(number, Box::new(work));
        Self(number)
    }

    /// Leaves the work undone: it is no longer needed.
    pub(crate) fn dismiss(self) {
        pending().remove(&self.0);
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // The lock is held until the work is done, so that an interruption waits for it.
        let mut pending = pending();
        if let Some(work) = pending.remove(&self.0) {
            work();
        }
    }
}

fn pending() -> MutexGuard<'static, BTreeMap<u64, Work>> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does all cleanups before Ctrl-C, or another request to stop, ends the program.
///
/// # Errors
/// When the operating system does not let this process watch for signals.
pub(crate) fn watch_for_interruption() -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let signal = {
        let _inside = runtime.enter();
        interruption()?
    };
    thread::spawn(move || {
        runtime.block_on(signal);
        let _ = writeln!(io::stderr(), "widgetario: interrupted; cleaning up");
        finish(INTERRUPTED);
    });
    Ok(())
}

/// Does all cleanups, and ends the program with `status`.
pub(crate) fn finish(status: i32) -> ! {
    // The lock is held to the end, so that no more work is registered.
    let mut pending = pending();
    while let Some((_, work)) = pending.pop_last() {
        work();
    }
    process::exit(status);
}

#[cfg(unix)]
fn interruption() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

#[cfg(windows)]
fn interruption() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::windows;
    let mut interrupt = windows::ctrl_c()?;
    let mut stop = windows::ctrl_break()?;
    let mut close = windows::ctrl_close()?;
    let mut shutdown = windows::ctrl_shutdown()?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = stop.recv() => {}
            _ = close.recv() => {}
            _ = shutdown.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn work_is_done_at_the_end_unless_it_was_dismissed() {
        for is_dismissed in [false, true] {
            let done = Arc::new(AtomicBool::new(false));
            let work = Arc::clone(&done);
            let cleanup = Cleanup::new(move || work.store(true, Ordering::Relaxed));
            if is_dismissed {
                cleanup.dismiss();
            } else {
                drop(cleanup);
            }
            assert_ne!(done.load(Ordering::Relaxed), is_dismissed);
        }
    }
}
