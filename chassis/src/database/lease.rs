//! A connection taken from the pool for a statement, and given back only when it can be used again.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, timeout};

use crate::database::connect_error::ConnectError;
use crate::database::connector::ensure_distinct;
use crate::database::error::DatabaseError;
use crate::database::pool::{Pool, Session};
use crate::database::sqlstate::Meaning;
use crate::database::statement::Statement;

/// A session younger than this counts as new: another one would lead to the same server.
const NEW: Duration = Duration::from_secs(1);

/// A connection that goes back to the pool only when it is idle. When it is dead, stale or late, it
/// is closed at once; when its caller has left, it goes back once the pending answer has come.
pub(super) struct Lease<'p> {
    pool: &'p Arc<Pool>,
    session: Option<Session>,
    timeout: Duration,
    state: State,
}

enum State {
    Idle,
    UnderWay,
    Unfit,
}

/// Why a statement gave no result.
pub(super) struct Failure {
    pub(super) meaning: Meaning,
    pub(super) error: sqlx::Error,
}

impl<'p> Lease<'p> {
    /// A lease in which each answer may take `timeout`.
    pub(super) fn new(pool: &'p Arc<Pool>, session: Session, timeout: Duration) -> Self {
        Self {
            pool,
            session: Some(session),
            timeout,
            state: State::Idle,
        }
    }

    /// Runs a statement. Its timeout begins now, however long its caller waited for the connection;
    /// otherwise a caller who got a good connection late would take it for dead.
    ///
    /// # Errors
    /// The server's error, or [`Meaning::Lost`] when no answer came.
    pub(super) async fn run<T>(
        &mut self,
        statement: impl Fn(&mut PgConnection) -> Statement<'_, T>,
    ) -> Result<T, Failure> {
        let session = self.session.as_mut().expect("only drop takes it");
        self.state = State::UnderWay;
        match timeout(self.timeout, statement(&mut session.connection)).await {
            Ok(Ok(value)) => {
                self.state = State::Idle;
                Ok(value)
            }
            Ok(Err(error)) => {
                let meaning = Meaning::of(&error);
                self.state = match meaning {
                    Meaning::Stale | Meaning::ReadOnly | Meaning::Lost => State::Unfit,
                    Meaning::Again | Meaning::Busy | Meaning::Refused => State::Idle,
                };
                if meaning == Meaning::Lost {
                    self.pool.expect_trouble();
                }
                Err(Failure { meaning, error })
            }
            Err(_) => {
                self.state = State::Unfit;
                // Not even the server's own timeout was reported in time: the other connections are
                // most likely dead, too.
                self.pool.expect_trouble();
                self.pool.close_idle();
                let error = "no answer within DATABASE_TIMEOUT_SECONDS";
                Err(Failure {
                    meaning: Meaning::Lost,
                    error: sqlx::Error::Io(std::io::Error::other(error)),
                })
            }
        }
    }

    /// Whether a statement should run again after `failure`, if that changed nothing. Its
    /// call began at `begun`; no try begins after `deadline`.
    pub(super) fn may_repeat(
        &mut self,
        failure: &Failure,
        begun: Instant,
        deadline: Instant,
    ) -> bool {
        let since = self.session.as_ref().map(|session| session.since);
        let is_new = match failure.meaning {
            Meaning::Again => false,
            Meaning::Stale => since.is_some_and(|since| since > begun),
            // Otherwise each call would make a new connection while the database is read-only.
            Meaning::ReadOnly => since.is_some_and(|since| since.elapsed() < NEW),
            Meaning::Busy | Meaning::Lost | Meaning::Refused => return false,
        };
        if is_new && failure.meaning == Meaning::ReadOnly {
            self.state = State::Idle; // a newer one would be read-only, too
        }
        !is_new && Instant::now() < deadline
    }

    /// Makes sure that no pooler serves both with the same connection of the server.
    ///
    /// # Errors
    /// See [`ensure_distinct`].
    pub(super) async fn differs_from(&mut self, other: &mut Self) -> Result<(), ConnectError> {
        let (Some(one), Some(two)) = (&mut self.session, &mut other.session) else {
            return Ok(());
        };
        (self.state, other.state) = (State::Unfit, State::Unfit);
        ensure_distinct(&mut one.connection, &mut two.connection).await?;
        (self.state, other.state) = (State::Idle, State::Idle);
        Ok(())
    }
}

impl Failure {
    /// The failure as the error of a read.
    pub(super) fn of_a_read(self) -> DatabaseError {
        match self.meaning {
            Meaning::Refused => DatabaseError::Refused(Arc::new(self.error)),
            _ => DatabaseError::Unavailable(self.error.to_string()),
        }
    }

    /// The failure as the error of a write.
    pub(super) fn of_a_write(self) -> DatabaseError {
        match (self.meaning, &self.error) {
            (Meaning::Lost, _) => DatabaseError::Unknown(self.error.to_string()),
            (Meaning::Refused, sqlx::Error::Database(_)) => {
                DatabaseError::Refused(Arc::new(self.error))
            }
            (Meaning::Refused, _) => DatabaseError::Unreadable(Arc::new(self.error)),
            _ => DatabaseError::Unavailable(self.error.to_string()),
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        match self.state {
            State::Idle => self.pool.give_back(session),
            State::UnderWay => {
                let pool = Arc::clone(self.pool);
                tokio::spawn(settle(pool, session, self.timeout));
            }
            State::Unfit => {
                drop(session);
                self.pool.closed();
            }
        }
    }
}

/// Waits, for `most` at most, for the answer that was pending when the caller left.
async fn settle(pool: Arc<Pool>, mut session: Session, most: Duration) {
    if let Ok(Ok(())) = timeout(most, session.connection.ping()).await {
        pool.give_back(session);
    } else {
        drop(session);
        pool.closed();
    }
}
