//! A connection taken from the pool for a statement, and given back only in good order.

use sqlx::PgConnection;
use tokio::time::{Instant, timeout_at};

use super::connector::{ConnectError, apart};
use super::pool::{Pool, Session};
use super::sqlstate::Meaning;
use super::{DatabaseError, NEW, Statement};

/// A connection that goes back to the pool only when it is idle. One that is dead, stale, late or
/// abandoned by its caller is closed at once.
pub(super) struct Lease<'p> {
    pool: &'p Pool,
    session: Option<Session>,
    idle: bool,
}

/// Why a statement gave no result.
pub(super) struct Failure {
    pub(super) meaning: Meaning,
    pub(super) error: sqlx::Error,
}

impl<'p> Lease<'p> {
    pub(super) fn new(pool: &'p Pool, session: Session) -> Self {
        Self {
            pool,
            session: Some(session),
            idle: true,
        }
    }

    /// Runs a statement until `deadline`.
    ///
    /// # Errors
    /// The server's, or [`Meaning::Lost`] when none came.
    pub(super) async fn run<T>(
        &mut self,
        deadline: Instant,
        statement: impl Fn(&mut PgConnection) -> Statement<'_, T>,
    ) -> Result<T, Failure> {
        let session = self.session.as_mut().expect("only drop takes it");
        self.idle = false;
        match timeout_at(deadline, statement(&mut session.connection)).await {
            Ok(Ok(value)) => {
                self.idle = true;
                Ok(value)
            }
            Ok(Err(error)) => {
                let meaning = Meaning::of(&error);
                self.idle = !matches!(meaning, Meaning::Stale | Meaning::ReadOnly | Meaning::Lost);
                if meaning == Meaning::Lost {
                    self.pool.trouble();
                }
                Err(Failure { meaning, error })
            }
            Err(_) => {
                // Not even the server's own refusal in time: the other connections are most likely
                // as dead.
                self.pool.trouble();
                self.pool.close_idle();
                let error = "no answer within DATABASE_TIMEOUT_SECONDS";
                Err(Failure {
                    meaning: Meaning::Lost,
                    error: sqlx::Error::Io(std::io::Error::other(error)),
                })
            }
        }
    }

    /// Whether the statement, of a call that `begun` then, should run again after `failure`, which
    /// left nothing behind.
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
            // Not one new connection a call, for as long as the database is for reading.
            Meaning::ReadOnly => since.is_some_and(|since| since.elapsed() < NEW),
            Meaning::Busy | Meaning::Lost | Meaning::Refused => return false,
        };
        if is_new && failure.meaning == Meaning::ReadOnly {
            self.idle = true; // a newer one would say the same
        }
        !is_new && Instant::now() < deadline
    }

    /// Makes sure that no pooler lends both the same connection of the server.
    ///
    /// # Errors
    /// See [`apart`].
    pub(super) async fn apart_from(&mut self, other: &mut Self) -> Result<(), ConnectError> {
        let (Some(one), Some(two)) = (&mut self.session, &mut other.session) else {
            return Ok(());
        };
        (self.idle, other.idle) = (false, false);
        apart(&mut one.connection, &mut two.connection).await?;
        (self.idle, other.idle) = (true, true);
        Ok(())
    }
}

impl Failure {
    /// What it means to a caller who wanted to know something.
    pub(super) fn of_a_read(self) -> DatabaseError {
        match self.meaning {
            Meaning::Refused => DatabaseError::Refused(self.error),
            _ => DatabaseError::Unavailable(self.error.to_string()),
        }
    }

    /// What it means to a caller who wanted to change something.
    pub(super) fn of_a_write(self) -> DatabaseError {
        match (self.meaning, &self.error) {
            (Meaning::Lost, _) => DatabaseError::Unknown(self.error.to_string()),
            (Meaning::Refused, sqlx::Error::Database(_)) => DatabaseError::Refused(self.error),
            (Meaning::Refused, _) => DatabaseError::Unreadable(self.error),
            _ => DatabaseError::Unavailable(self.error.to_string()),
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            if self.idle {
                self.pool.give_back(session);
            } else {
                drop(session);
                self.pool.closed();
            }
        }
    }
}
