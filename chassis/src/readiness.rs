//! Whether callers should send requests here, and if not, why.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The first phase: the service is not ready yet.
const STARTING: u8 = 0;
const READY: u8 = 1;
/// The last phase: the service answers all requests, and asks callers to send no more.
const DRAINING: u8 = 2;

/// Whether callers should send requests here: one state, shared by the server, `/readyz`, and the
/// trial of the database at the start.
#[derive(Clone, Default)]
pub struct Readiness(Arc<State>);

#[derive(Default)]
struct State {
    phase: AtomicU8,
    reason: Mutex<String>,
}

impl Readiness {
    /// Records why the database cannot be used yet, in place of the last reason.
    #[cfg(feature = "database")]
    pub(crate) fn not_ready_because(&self, reason: impl Into<String>) {
        *self.0.reason.lock().unwrap_or_else(PoisonError::into_inner) = reason.into();
    }

    /// Changes from starting to ready; a service that drains stays unready.
    pub(crate) fn ready(&self) {
        let (from, to, order) = (STARTING, READY, Ordering::Relaxed);
        let _ = self.0.phase.compare_exchange(from, to, order, order);
    }

    /// From now on no caller should send a request.
    pub(crate) fn drain(&self) {
        self.0.phase.store(DRAINING, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.phase.load(Ordering::Relaxed) == DRAINING
    }

    /// What `/readyz` answers.
    ///
    /// # Errors
    /// Why callers should go elsewhere.
    pub(crate) fn check(&self) -> Result<&'static str, String> {
        match self.0.phase.load(Ordering::Relaxed) {
            READY => Ok("ready\n"),
            DRAINING => Err("stopping\n".into()),
            _ => Err(self.waiting()),
        }
    }

    fn waiting(&self) -> String {
        let reason = self.0.reason.lock().unwrap_or_else(PoisonError::into_inner);
        match reason.as_str() {
            "" => "waiting for the first answer of the database\n".to_owned(),
            reason => format!("waiting for the database: {reason}\n"),
        }
    }
}
