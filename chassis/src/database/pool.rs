//! The connections of a process: taken when idle, and made in the background.
//!
//! A caller that finds no idle connection waits for one, and may give up. The connection that is
//! being made does not belong to it, and is finished for the next caller. One task makes all of
//! them ([`supply`]): as many at once as callers wait for, or one after the other while the
//! database is in trouble, so that it soon tries again after a refusal, and when there is no
//! answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::PgConnection;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::database::connector::{CONNECT_TIMEOUT, CONNECTIONS, Connector};
use crate::database::sqlstate::Meaning;
use crate::database::statement::Trial;

/// In trouble, the next try begins this long after a failed one.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
/// In trouble, the next try begins this long after one that has no answer yet. Each may take
/// [`CONNECT_TIMEOUT`], so that about eight are under way at once.
const AFTER_SILENCE: Duration = Duration::from_millis(600);

/// A connection, and when it was made.
pub(super) struct Session {
    pub(super) connection: PgConnection,
    pub(super) since: Instant,
}

/// The connections of a process.
pub(super) struct Pool {
    connector: Connector,
    trials: &'static [Trial],
    state: Mutex<State>,
    /// A permit for each idle connection: who takes the permit takes the connection.
    idle: Semaphore,
    wanted: Notify,
    in_trouble: AtomicBool,
}

#[derive(Default)]
struct State {
    /// The one used last is used next.
    idle: Vec<Session>,
    /// Idle or in use.
    open: usize,
    /// How many callers wait.
    waiting: usize,
    /// Why the last try failed, unless one has succeeded since.
    failure: Option<String>,
}

impl Pool {
    /// A pool that makes its connections when callers wait for them.
    pub(super) fn new(connector: Connector, trials: &'static [Trial]) -> Arc<Self> {
        let pool = Arc::new(Self {
            connector,
            trials,
            state: Mutex::default(),
            idle: Semaphore::new(0),
            wanted: Notify::new(),
            in_trouble: AtomicBool::new(false),
        });
        tokio::spawn(supply(Arc::clone(&pool)));
        pool
    }

    pub(super) fn trials(&self) -> &'static [Trial] {
        self.trials
    }

    /// Makes a connection and prepares the service's statements on it: preparing one takes as long
    /// as an answer, and callers of a distant database have no time for two.
    async fn connect(&self) -> Result<PgConnection, String> {
        let connected = self.connector.connect().await;
        let mut connection = connected.map_err(|error| error.to_string())?;
        for trial in self.trials {
            let tried = timeout(CONNECT_TIMEOUT, trial(&mut connection)).await;
            match tried.map_err(|_| "silence after the login".to_owned())? {
                Err(error) if Meaning::of(&error) == Meaning::Lost => return Err(error.to_string()),
                // The caller who runs the statement gets any other error.
                _ => {}
            }
        }
        Ok(connection)
    }

    /// An idle connection, or the next one that becomes idle; callers are served in their order.
    ///
    /// # Errors
    /// Why there is none at `deadline`.
    pub(super) async fn take(&self, deadline: Instant) -> Result<Session, String> {
        if let Some(session) = self.take_idle() {
            return Ok(session);
        }
        let begun = Instant::now();
        let _waiting = Waiter::begin(self);
        loop {
            match timeout_at(deadline, self.idle.acquire()).await {
                Ok(Ok(permit)) => {
                    permit.forget();
                    if let Some(session) = self.state().idle.pop() {
                        return Ok(session);
                    }
                }
                _ => return Err(self.why_none(begun.elapsed())),
            }
        }
    }

    /// An idle connection, at once or not at all.
    pub(super) fn take_idle(&self) -> Option<Session> {
        self.idle.try_acquire().ok()?.forget();
        self.state().idle.pop()
    }

    /// Takes back a connection that can be used again.
    pub(super) fn give_back(&self, session: Session) {
        self.state().idle.push(session);
        self.idle.add_permits(1);
    }

    /// A connection that was taken has been closed.
    pub(super) fn closed(&self) {
        self.state().open -= 1;
        self.wanted.notify_one();
    }

    /// A connection broke or fell silent: the next one may, too.
    pub(super) fn expect_trouble(&self) {
        self.in_trouble.store(true, Ordering::Relaxed);
    }

    /// Closes the idle connections, which are most likely as dead as the one that fell silent.
    pub(super) fn close_idle(&self) {
        while self.take_idle().is_some() {
            self.closed();
        }
    }

    /// Why a caller who waited for `waited` got none.
    fn why_none(&self, waited: Duration) -> String {
        let state = self.state();
        let why = match &state.failure {
            Some(failure) => failure.clone(),
            None if state.open >= CONNECTIONS => format!("all {CONNECTIONS} are in use"),
            None => "one is being made".to_owned(),
        };
        let waited = waited.as_secs_f64();
        format!("no connection within {waited:.2} s: {why}")
    }

    /// Whether to begin another try, beside `trying` others.
    fn wants(&self, trying: usize) -> bool {
        let in_trouble = self.in_trouble.load(Ordering::Relaxed);
        let state = self.state();
        let (open, waiting) = (state.open, state.waiting);
        if in_trouble {
            // A try that has no answer yet will most likely fail.
            waiting > state.idle.len() && open < CONNECTIONS && trying < 2 * CONNECTIONS
        } else {
            waiting > trying + state.idle.len() && open + trying < CONNECTIONS
        }
    }

    fn succeeded(&self, connection: PgConnection) {
        let mut state = self.state();
        state.failure = None;
        self.in_trouble.store(false, Ordering::Relaxed);
        if state.open < CONNECTIONS {
            let since = Instant::now();
            state.open += 1;
            state.idle.push(Session { connection, since });
            drop(state);
            self.idle.add_permits(1);
        }
    }

    fn failed(&self, failure: String) {
        self.expect_trouble();
        self.state().failure = Some(failure);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a caller that waits.
struct Waiter<'p>(&'p Pool);

impl<'p> Waiter<'p> {
    fn begin(pool: &'p Pool) -> Self {
        pool.state().waiting += 1;
        pool.wanted.notify_one();
        Self(pool)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

/// Makes connections for as long as the process lives.
async fn supply(pool: Arc<Pool>) {
    let mut tries = JoinSet::new();
    // No try begins before this.
    let mut next = Instant::now();
    loop {
        let wants = pool.wants(tries.len());
        tokio::select! {
            // Somebody waits, or a connection was closed: count again.
            () = pool.wanted.notified() => {}
            Some(outcome) = tries.join_next() => match outcome {
                Ok(Ok(connection)) => {
                    pool.succeeded(connection);
                    next = Instant::now();
                }
                Ok(Err(error)) => {
                    pool.failed(error);
                    next = Instant::now() + AFTER_FAILURE;
                }
                Err(panicked) => pool.failed(panicked.to_string()),
            },
            // Each try has its own task, so that one without an answer does not hold up the next.
            () = sleep_until(next), if wants => {
                let maker = Arc::clone(&pool);
                tries.spawn(async move { maker.connect().await });
                if pool.in_trouble.load(Ordering::Relaxed) {
                    next = Instant::now() + AFTER_SILENCE;
                }
            }
        }
    }
}
