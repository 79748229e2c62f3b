//! How a connection is made: with a deadline of its own, to PostgreSQL or to a pooler in front of
//! it.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row};
use tokio::time::timeout;

use crate::database::connect_error::ConnectError;

/// How many connections a pool has: a pod's share of the server's 100, with room for ten replicas.
pub(super) const CONNECTIONS: usize = 8;

/// How long making a connection may take: six round trips and a slow look-up of the host's name.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes connections whose statements the server itself ends after a while.
#[derive(Clone)]
pub(crate) struct Connector {
    options: PgConnectOptions,
    statement_timeout: Duration,
    /// Whether a pooler was found to give each connection one of the server's own.
    is_distinct: Arc<AtomicBool>,
}

impl Connector {
    pub(crate) fn new(options: PgConnectOptions, statement_timeout: Duration) -> Self {
        Self {
            // Nobody reads a float from the database, and PgBouncer does not know the parameter.
            options: options.extra_float_digits(None),
            statement_timeout,
            is_distinct: Arc::default(),
        }
    }

    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub(crate) async fn connect(&self) -> Result<PgConnection, ConnectError> {
        match timeout(CONNECT_TIMEOUT, self.open()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(ConnectError::Silence(self.address(), CONNECT_TIMEOUT)),
        }
    }

    async fn open(&self) -> Result<PgConnection, ConnectError> {
        let timeout = self.statement_timeout.as_millis().max(1);
        let options = self.options.clone();
        let options = options.options([("statement_timeout", timeout)]);
        let mut connection = match options.connect().await {
            Ok(mut connection) => {
                if has_timeout(&mut connection, timeout).await? {
                    return Ok(connection);
                }
                connection
            }
            Err(error) if is_about_parameters(&error) => self.open_without_options().await?,
            Err(error) => return Err(self.explain(error)),
        };
        // A pooler that refuses `options`, or ignores them. `SET` changes the session for everybody
        // who uses it, so the session must not be shared.
        if !self.is_distinct.load(Ordering::Relaxed) {
            let mut other = self.open_without_options().await?;
            ensure_distinct(&mut connection, &mut other).await?;
            self.is_distinct.store(true, Ordering::Relaxed);
        }
        let set = AssertSqlSafe(format!("SET statement_timeout = {timeout}"));
        let set = connection.execute(sqlx::raw_sql(set)).await;
        set.map_err(|error| self.explain(error))?;
        Ok(connection)
    }

    async fn open_without_options(&self) -> Result<PgConnection, ConnectError> {
        let connected = self.options.connect().await;
        connected.map_err(|error| self.explain(error))
    }

    /// Host and port, or the socket.
    fn address(&self) -> String {
        let options = &self.options;
        match (options.get_socket(), options.get_host()) {
            (Some(folder), _) => folder.display().to_string(),
            (None, host) if host.contains(':') => format!("[{host}]:{}", options.get_port()),
            (None, host) => format!("{host}:{}", options.get_port()),
        }
    }

    fn explain(&self, error: sqlx::Error) -> ConnectError {
        let role = || self.options.get_username().to_owned();
        match error {
            sqlx::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                ConnectError::Refused(self.address())
            }
            sqlx::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
                ConnectError::Protocol(self.address(), "it closes the connection".into())
            }
            // As which a handshake fails.
            sqlx::Error::Io(error) if error.kind() == ErrorKind::InvalidData => {
                ConnectError::Tls(self.address(), error.to_string())
            }
            sqlx::Error::Tls(error) => ConnectError::Tls(self.address(), error.to_string()),
            sqlx::Error::Io(error) => ConnectError::Network(self.address(), error),
            sqlx::Error::Protocol(text) => ConnectError::Protocol(self.address(), text),
            sqlx::Error::Database(error) => {
                let message = error.message().to_owned();
                match error.code().unwrap_or_default().as_ref() {
                    "28P01" => ConnectError::Password(role()),
                    "28000" => ConnectError::Role {
                        role: role(),
                        message,
                    },
                    "3D000" => {
                        let name = self.options.get_database().map(str::to_owned);
                        ConnectError::Database(name.unwrap_or_else(role))
                    }
                    "53300" => ConnectError::Connections {
                        message,
                        needed: CONNECTIONS,
                    },
                    // The operator intervenes, but for 57P04, a database that is dropped.
                    "57P01" | "57P02" | "57P03" => ConnectError::NotNow(message),
                    _ => ConnectError::Server(message),
                }
            }
            other => ConnectError::Server(other.to_string()),
        }
    }
}

/// Makes sure that no pooler serves both connections with the same connection of the server.
///
/// # Errors
/// [`ConnectError::Shared`]
pub(super) async fn ensure_distinct(
    one: &mut PgConnection,
    other: &mut PgConnection,
) -> Result<(), ConnectError> {
    // `one` is asked twice, because a pooler may take another connection for each statement.
    let first = backend(one).await?;
    if first == backend(one).await? && first != backend(other).await? {
        Ok(())
    } else {
        Err(ConnectError::Shared)
    }
}

/// Whether the server ends the statements of `connection` after `timeout` milliseconds.
async fn has_timeout(connection: &mut PgConnection, timeout: u128) -> Result<bool, ConnectError> {
    let query = format!("SELECT current_setting('statement_timeout')::interval = '{timeout} ms'");
    let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(query)));
    let has = row.await.and_then(|row| row.try_get(0));
    has.map_err(|error| ConnectError::Server(error.to_string()))
}

/// Which process of the server serves `connection`.
async fn backend(connection: &mut PgConnection) -> Result<i32, ConnectError> {
    // Not prepared: where connections are shared, it might be another client's.
    let row = connection.fetch_one(sqlx::raw_sql("SELECT pg_backend_pid()"));
    let id = row.await.and_then(|row| row.try_get(0));
    id.map_err(|error| ConnectError::Server(error.to_string()))
}

/// Whether it is `08P01`, a pooler's answer to start-up parameters that it does not know.
fn is_about_parameters(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().as_deref() == Some("08P01"))
}
