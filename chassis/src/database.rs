//! PostgreSQL with a deadline for everything: a statement succeeds, or fails in time.
//!
//! Connections are not tested before use (a ping doubles the cost of a short statement). A
//! [`read`](Database::read) that meets a dead connection, as all are after the database restarted,
//! is repeated on the next; a [`write`](Database::write) must not run twice, so it pings first.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use clap::Args;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument;
use tracing::field::Empty;

use crate::lease::Lease;
use crate::trace::SPAN;
use crate::{Problem, StartError, seconds};

/// A pod's share of the server's 100: room for ten replicas.
const CONNECTIONS: u32 = 8;

/// Where the database is and how long to wait for it.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// The database, as `postgres://role@host:5432/widgetario`
    #[arg(long, env, hide_env_values = true, value_parser = url)]
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

/// A pool of connections whose every use ends in time.
#[derive(Clone)]
pub struct Database {
    pool: PgPool,
    timeout: Duration,
}

/// Why the database gave no result.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No connection, or no answer within the deadline.
    #[error("the database gave no answer: {0}")]
    Unavailable(String),
    /// The database refused the statement.
    #[error("the database refused a statement: {0}")]
    Refused(sqlx::Error),
}

impl Database {
    /// A pool that connects at its first use, for the service `name`.
    ///
    /// # Errors
    /// When the password file cannot be read.
    pub fn new(name: &'static str, settings: DatabaseSettings) -> Result<Self, StartError> {
        let timeout = settings.database_timeout;
        let mut options = settings.database_url.application_name(name);
        if let Some(path) = settings.database_password_file {
            let password = std::fs::read_to_string(&path)
                .map_err(|source| StartError::PasswordFile { path, source })?;
            options = options.password(password.trim_end());
        }
        // The server gives up on a statement before its caller does, so that nothing runs on unseen.
        let statement_timeout = timeout.mul_f64(0.9).as_millis().max(1).to_string();
        let options = options.options([("statement_timeout", statement_timeout)]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(timeout)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Ok(Self { pool, timeout })
    }

    /// Ready after the database's first answer, given on several connections at once: the first
    /// callers of a new pod would have to open them, within a deadline made for statements.
    pub async fn answers(self) {
        let ping = || self.repeated(ping);
        while let Err(error) = tokio::try_join!(ping(), ping(), ping(), ping()) {
            tracing::warn!("not ready: {error}");
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Runs a statement that changes nothing, on another connection if the first is dead. `summary`
    /// names its span: the operation and the table, such as `SELECT products`.
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
        let deadline = Instant::now() + self.timeout;
        loop {
            let mut lease = self.acquire(deadline).await?;
            match lease.run(deadline, &statement).await {
                Err(DatabaseError::Unavailable(_)) if Instant::now() < deadline => {}
                result => return result,
            }
        }
    }

    /// Runs a statement that changes something, once, on a connection known to be alive. Both the
    /// connection and the statement may take the whole timeout. `summary` is as for
    /// [`read`](Database::read).
    ///
    /// # Errors
    /// See [`DatabaseError`]. After [`DatabaseError::Unavailable`] the change may have been made.
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
        let deadline = Instant::now() + self.timeout;
        loop {
            let mut lease = self.acquire(deadline).await?;
            match lease.run(deadline, ping).await {
                // Its time begins here, so that the server's ends first and the outcome is known.
                Ok(()) => return lease.run(Instant::now() + self.timeout, statement).await,
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(_) => {}
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
        let options = self.pool.connect_options();
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

    async fn acquire(&self, deadline: Instant) -> Result<Lease, DatabaseError> {
        let connection = match timeout_at(deadline, self.pool.acquire()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(DatabaseError::Unavailable(error.to_string())),
            Err(_) => return Err(DatabaseError::Unavailable("no connection".into())),
        };
        Ok(Lease::new(self.pool.clone(), connection))
    }
}

impl DatabaseError {
    /// `SQLSTATE`, or what kept the database from giving one.
    fn code(&self) -> String {
        match self {
            Self::Refused(sqlx::Error::Database(error)) => {
                error.code().map_or("unknown".into(), Into::into)
            }
            Self::Refused(_) => "refused".into(),
            Self::Unavailable(_) => "unavailable".into(),
        }
    }
}

fn ping(connection: &mut PgConnection) -> Statement<'_, ()> {
    Box::pin(connection.ping())
}

impl From<&DatabaseError> for Problem {
    fn from(error: &DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(_) => {
                tracing::warn!("{error}");
                Self::unavailable("The database did not answer in time. Try again in a moment.")
            }
            DatabaseError::Refused(_) => {
                tracing::error!("{error}");
                Self::internal()
            }
        }
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        Self::from(&error)
    }
}

fn url(text: &str) -> Result<PgConnectOptions, &'static str> {
    let allowed = "a URL such as postgres://role@host:5432/widgetario";
    // sqlx would take any scheme.
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err(allowed);
    }
    text.parse().map_err(|_| allowed)
}
