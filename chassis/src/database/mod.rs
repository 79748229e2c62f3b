//! PostgreSQL with a deadline for everything: a statement succeeds, or fails in time.
//!
//! Connections are made in the background ([`pool`]) and not tested before use (a ping doubles the
//! cost of a short statement). A [`read`](Database::read) that meets a dead connection, as all are
//! after the database restarted, is repeated on the next; a [`write`](Database::write) must not run
//! twice, so it pings first, and is repeated only when the server says that nothing happened
//! ([`sqlstate`]). Readers who ask the same at the same time share one query ([`shared_read`]).

pub(crate) mod capacity;
pub(crate) mod connect_error;
mod connector;
pub(crate) mod error;
mod lease;
mod pool;
pub(crate) mod settings;
pub(crate) mod shared_read;
mod span;
mod sqlstate;
pub(crate) mod statement;
mod trial;
pub(crate) mod url;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use sqlx::PgConnection;
use tokio::time::Instant;

use crate::database::connector::Connector;
use crate::database::error::DatabaseError;
use crate::database::lease::Lease;
use crate::database::pool::Pool;
use crate::database::settings::DatabaseSettings;
use crate::database::span::common_attributes;
use crate::database::sqlstate::Meaning;
use crate::database::statement::{Statement, Trial, ping};
use crate::start_error::StartError;

/// A pool of connections whose every use ends in time.
#[derive(Clone)]
pub struct Database {
    pool: Arc<Pool>,
    timeout: Duration,
    /// What the spans of all statements have in common.
    attributes: Arc<[KeyValue]>,
}

/// Whether a statement may run more than once: a read may, a write may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Database {
    /// A pool that connects at its first use, for the service `name`, which runs statements like
    /// the `trials`.
    ///
    /// # Errors
    /// When the password file cannot be read.
    pub fn new(
        name: &'static str,
        settings: &DatabaseSettings,
        trials: &'static [Trial],
    ) -> Result<Self, StartError> {
        let timeout = settings.database_timeout;
        // The server gives up on a statement before its caller does, so that none goes on after
        // that.
        let connector = Connector::new(settings.options(name)?, timeout.mul_f64(0.9));
        let attributes = common_attributes(connector.options());
        let pool = Pool::new(connector, trials);
        Ok(Self {
            pool,
            timeout,
            attributes,
        })
    }

    /// Runs a statement that changes nothing, on another connection if the first is dead. Both the
    /// connection and the statement may take the whole timeout. `summary` names its span: the
    /// operation and the table, such as `SELECT products`.
    ///
    /// # Errors
    /// See [`DatabaseError`].
    pub async fn read<T>(
        &self,
        summary: &'static str,
        statement: impl Fn(&mut PgConnection) -> Statement<'_, T>,
    ) -> Result<T, DatabaseError> {
        // Boxed, because the future is large, and an answer from a cache should not need its space.
        let work = Box::pin(self.repeated(Access::Read, Instant::now(), statement));
        self.spanned(summary, work).await
    }

    /// Runs a statement that changes something, once, on a connection known to be alive, which may
    /// take the timeout once more. `summary` is as for [`read`](Database::read).
    ///
    /// # Errors
    /// See [`DatabaseError`], which tells whether the change may have been made.
    pub async fn write<T>(
        &self,
        summary: &'static str,
        statement: impl Fn(&mut PgConnection) -> Statement<'_, T>,
    ) -> Result<T, DatabaseError> {
        let work = Box::pin(self.repeated(Access::Write, Instant::now(), statement));
        self.spanned(summary, work).await
    }

    /// Runs a statement for a caller who asked at `begun`, on other connections if need be, until its
    /// answer is final.
    async fn repeated<T>(
        &self,
        access: Access,
        begun: Instant,
        statement: impl Fn(&mut PgConnection) -> Statement<'_, T>,
    ) -> Result<T, DatabaseError> {
        // Another try may begin until then; the one under way has a timeout of its own.
        let deadline = begun + self.timeout;
        loop {
            let mut lease = self.acquire(deadline).await?;
            // Nobody could tell whether a write that was sent on a dead connection was done. So a
            // ping tests the connection first.
            if access == Access::Write {
                match lease.run(ping).await {
                    Ok(()) => {}
                    Err(_) if Instant::now() < deadline => continue,
                    Err(failure) => return Err(failure.of_a_read()),
                }
            }
            let failure = match lease.run(&statement).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            // A read can be repeated when its answer was lost. Both can be repeated when the server
            // itself said that nothing happened, which `may_repeat` decides.
            let is_lost_read = access == Access::Read && failure.meaning == Meaning::Lost;
            if is_lost_read && Instant::now() < deadline {
                continue;
            }
            if !lease.may_repeat(&failure, begun, deadline) {
                return Err(match access {
                    Access::Read => failure.of_a_read(),
                    Access::Write => failure.of_a_write(),
                });
            }
        }
    }

    async fn acquire(&self, deadline: Instant) -> Result<Lease<'_>, DatabaseError> {
        match self.pool.take(deadline).await {
            Ok(session) => Ok(Lease::new(&self.pool, session, self.timeout)),
            Err(reason) => Err(DatabaseError::Unavailable(format!(
                "{reason}; DATABASE_TIMEOUT_SECONDS sets how long to wait"
            ))),
        }
    }
}
