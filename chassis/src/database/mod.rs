//! PostgreSQL with a deadline for everything: a statement succeeds, or fails in time.
//!
//! Connections are made in the background (`pool.rs`) and not tested before use (a ping doubles the
//! cost of a short statement). A [`read`](Database::read) that meets a dead connection, as all are
//! after the database restarted, is repeated on the next; a [`write`](Database::write) must not run
//! twice, so it pings first, and is repeated only when the server says that nothing happened
//! (`sqlstate.rs`).

mod connector;
mod error;
mod lease;
mod pool;
mod sqlstate;
mod url;

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep};
use tracing::Instrument;
use tracing::field::Empty;

use crate::trace::SPAN;
use crate::{StartError, Waiting, seconds};
use connector::{CONNECT_TIMEOUT, Connector};
use lease::Lease;
use pool::Pool;
use sqlstate::Meaning;

pub use connector::{ConnectError, connect};
pub use error::DatabaseError;
pub use url::database_url;

/// A session younger than this is as new as a failover can make it.
const NEW: Duration = Duration::from_secs(1);

/// Where the database is and how long to wait for it.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// The database, as `postgres://role@host:5432/widgetario`
    #[arg(long, env, hide_env_values = true, value_parser = database_url)]
    database_url: PgConnectOptions,

    /// File that holds the role's password and nothing else
    #[arg(long, env)]
    database_password_file: Option<PathBuf>,

    /// Deadline of each answer of the database
    #[arg(long, env = "DATABASE_TIMEOUT_SECONDS", default_value = "0.5", value_parser = seconds::<50, 10_000>)]
    database_timeout: Duration,
}

/// A statement under way on a connection, as `Box::pin` makes it.
pub type Statement<'c, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'c>>;

/// A statement that a service is to run, tried out while it changes nothing.
pub type Trial = fn(&mut PgConnection) -> Statement<'_, ()>;

/// A pool of connections whose every use ends in time.
#[derive(Clone)]
pub struct Database {
    pool: Arc<Pool>,
    timeout: Duration,
}

impl Database {
    /// A pool that connects at its first use, for the service `name`, which runs statements like
    /// the `trials`.
    ///
    /// # Errors
    /// When the password file cannot be read.
    pub fn new(
        name: &'static str,
        settings: DatabaseSettings,
        trials: &'static [Trial],
    ) -> Result<Self, StartError> {
        let timeout = settings.database_timeout;
        let mut options = settings.database_url.application_name(name);
        if let Some(path) = settings.database_password_file {
            let password = std::fs::read_to_string(&path)
                .map_err(|source| StartError::PasswordFile { path, source })?;
            options = options.password(password.trim_end());
        }
        // The server gives up on a statement before its caller does, so that nothing runs on unseen.
        let connector = Connector::new(options, timeout.mul_f64(0.9));
        let pool = Pool::new(connector, trials);
        Ok(Self { pool, timeout })
    }

    /// Ready once the trials have succeeded in time, each on several connections: the first
    /// callers of a new pod would have to open these, within a deadline made for statements. Until
    /// then the log and `waiting` say what is amiss.
    pub async fn answers(self, waiting: Waiting) {
        while let Err(reason) = self.try_out().await {
            tracing::warn!("not ready: {reason}");
            waiting.because(reason);
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Half of the pool's connections, held at once.
    async fn try_out(&self) -> Result<(), String> {
        let deadline = Instant::now() + CONNECT_TIMEOUT;
        let take = || self.pool.take(deadline);
        let (a, b, c, d) = tokio::try_join!(take(), take(), take(), take())?;
        let mut leases =
            [a, b, c, d].map(|session| Lease::new(&self.pool, session, CONNECT_TIMEOUT));
        let [one, other, ..] = &mut leases;
        one.apart_from(other)
            .await
            .map_err(|error| error.to_string())?;
        let [a, b, c, d] = &mut leases;
        let tried = tokio::try_join!(
            self.try_on(a),
            self.try_on(b),
            self.try_on(c),
            self.try_on(d)
        );
        tried.map(|_| ())
    }

    async fn try_on(&self, lease: &mut Lease<'_>) -> Result<(), String> {
        for trial in self.pool.trials() {
            let begun = Instant::now();
            let outcome = lease.run(trial).await;
            outcome.map_err(|failure| failure.error.to_string())?;
            let (took, most) = (begun.elapsed().as_secs_f64(), self.timeout.as_secs_f64());
            if took > most {
                return Err(format!(
                    "the database took {took:.2} s for an answer, and DATABASE_TIMEOUT_SECONDS allows \
                     {most} s: raise it"
                ));
            }
        }
        Ok(())
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
        // Boxed, because it is large, and a cached answer should not carry room for it.
        let work = Box::pin(self.repeated(statement));
        self.spanned(summary, work).await
    }

    async fn repeated<T>(
        &self,
        statement: impl Fn(&mut PgConnection) -> Statement<'_, T>,
    ) -> Result<T, DatabaseError> {
        let begun = Instant::now();
        let deadline = begun + self.timeout;
        loop {
            let mut lease = self.acquire(deadline).await?;
            match lease.run(&statement).await {
                Ok(value) => return Ok(value),
                Err(failure) if failure.meaning == Meaning::Lost && Instant::now() < deadline => {}
                Err(failure) if lease.may_repeat(&failure, begun, deadline) => {}
                Err(failure) => return Err(failure.of_a_read()),
            }
        }
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
        let work = Box::pin(self.once(statement));
        self.spanned(summary, work).await
    }

    async fn once<T>(
        &self,
        statement: impl Fn(&mut PgConnection) -> Statement<'_, T>,
    ) -> Result<T, DatabaseError> {
        let begun = Instant::now();
        let deadline = begun + self.timeout;
        loop {
            let mut lease = self.acquire(deadline).await?;
            match lease.run(ping).await {
                Ok(()) => {}
                Err(_) if Instant::now() < deadline => continue,
                Err(failure) => return Err(failure.of_a_read()),
            }
            match lease.run(&statement).await {
                Ok(value) => return Ok(value),
                Err(failure) if lease.may_repeat(&failure, begun, deadline) => {}
                Err(failure) => return Err(failure.of_a_write()),
            }
        }
    }

    /// Runs `work` in a client span: `summary` is the operation and the table, as in
    /// <https://opentelemetry.io/docs/specs/semconv/database/database-spans/>.
    async fn spanned<T>(
        &self,
        summary: &'static str,
        work: impl Future<Output = Result<T, DatabaseError>>,
    ) -> Result<T, DatabaseError> {
        let (operation, table) = summary.split_once(' ').unwrap_or((summary, ""));
        let options = self.pool.connector().options();
        let span = tracing::info_span!(
            target: SPAN,
            "query",
            otel.name = summary,
            otel.kind = "client",
            otel.status_description = Empty,
            db.system.name = "postgresql",
            db.namespace = options.get_database(),
            db.query.summary = summary,
            db.operation.name = operation,
            db.collection.name = table,
            server.address = options.get_host(),
            server.port = i64::from(options.get_port()),
            db.response.status_code = Empty,
            error.type = Empty,
        );
        let result = work.instrument(span.clone()).await;
        if let Err(error) = &result {
            if let DatabaseError::Refused(sqlx::Error::Database(error)) = error {
                span.record("db.response.status_code", error.code().as_deref());
            }
            span.record("error.type", error.code());
            span.record("otel.status_description", error.to_string());
        }
        result
    }

    async fn acquire(&self, deadline: Instant) -> Result<Lease<'_>, DatabaseError> {
        match self.pool.take(deadline).await {
            Ok(session) => Ok(Lease::new(&self.pool, session, self.timeout)),
            Err(reason) => Err(DatabaseError::Unavailable(reason)),
        }
    }
}

fn ping(connection: &mut PgConnection) -> Statement<'_, ()> {
    Box::pin(connection.ping())
}
