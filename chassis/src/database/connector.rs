//! How a connection is made: with a deadline of its own, to PostgreSQL or to a pooler before it.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::pool::CONNECTIONS;

/// How long making a connection may take: five round trips and a slow look-up of the host's name.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes connections whose statements the server itself ends after a while.
#[derive(Clone)]
pub(crate) struct Connector {
    options: PgConnectOptions,
    statement_timeout: Duration,
}

/// Why there is no connection: a sentence in terms of `DATABASE_URL`, without its password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answered in time.
    #[error("{0} did not answer within {seconds} s: is the host right, and does a firewall let this through?", seconds = CONNECT_TIMEOUT.as_secs())]
    Silence(String),
    /// Nobody listens there.
    #[error(
        "nothing listens at {0} (connection refused): start PostgreSQL there, or correct host and port"
    )]
    Refused(String),
    /// The network, or the look-up of the host's name, failed.
    #[error("{0} cannot be reached: {1}")]
    Network(String, std::io::Error),
    /// The connection is no PostgreSQL's.
    #[error("what listens at {0} does not answer as PostgreSQL does: {1}")]
    Protocol(String, String),
    /// `28P01`
    #[error(
        "the server refuses the password of the role {0:?}: correct it; in a URL the characters \
         @ / # ? % [ ] are written %40 %2F %23 %3F %25 %5B %5D"
    )]
    Password(String),
    /// `28000`
    #[error(
        "the server does not let the role {role:?} in ({message}): its pg_hba.conf must allow the role \
         from here, without TLS, which this program does not speak"
    )]
    Role {
        /// Who wanted to log in.
        role: String,
        /// The server's own words.
        message: String,
    },
    /// `3D000`
    #[error("there is no database {0:?} on this server: create it, or name another")]
    Database(String),
    /// `53300`
    #[error(
        "the server allows too few connections ({message}): {needed} are needed, so raise \
         max_connections, or the limit of the role, the database or the pooler"
    )]
    Connections {
        /// The server's own words.
        message: String,
        /// How many there should be.
        needed: usize,
    },
    /// The server's other refusals.
    #[error("the server refuses the connection: {0}")]
    Server(String),
    /// One connection of the server serves several of ours in turn.
    #[error(
        "a pooler shares each of the server's connections among several clients (PgBouncer's \
         pool_mode=transaction): name a pool in session mode, or PostgreSQL itself"
    )]
    Shared,
}

impl Connector {
    pub(crate) fn new(options: PgConnectOptions, statement_timeout: Duration) -> Self {
        Self {
            // No float leaves the database, and PgBouncer does not know the parameter.
            options: options.extra_float_digits(None),
            statement_timeout,
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
            Err(_) => Err(ConnectError::Silence(self.address())),
        }
    }

    async fn open(&self) -> Result<PgConnection, ConnectError> {
        let timeout = self.statement_timeout.as_millis().max(1).to_string();
        let options = self.options.clone();
        let options = options.options([("statement_timeout", &timeout)]);
        match options.connect().await {
            Err(error) if is_about_parameters(&error) => {}
            outcome => return outcome.map_err(|error| self.explain(error)),
        }
        // A pooler that takes no `options`. What is set in a session stays in it, which must
        // therefore be nobody else's.
        let mut ours = self.plain().await?;
        let mut other = self.plain().await?;
        apart(&mut ours, &mut other).await?;
        let set = AssertSqlSafe(format!("SET statement_timeout = {timeout}"));
        let set = ours.execute(sqlx::raw_sql(set)).await;
        set.map_err(|error| self.explain(error))?;
        Ok(ours)
    }

    async fn plain(&self) -> Result<PgConnection, ConnectError> {
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
                    _ => ConnectError::Server(message),
                }
            }
            other => ConnectError::Server(other.to_string()),
        }
    }
}

/// Makes sure that no pooler lends both connections the same connection of the server.
///
/// # Errors
/// [`ConnectError::Shared`]
pub(super) async fn apart(
    one: &mut PgConnection,
    other: &mut PgConnection,
) -> Result<(), ConnectError> {
    // Each twice, because a pooler may take the next of the server's connections at each statement.
    let first = backend(one).await?;
    if first == backend(one).await? && first != backend(other).await? {
        Ok(())
    } else {
        Err(ConnectError::Shared)
    }
}

/// Which process of the server serves `connection`.
async fn backend(connection: &mut PgConnection) -> Result<i32, ConnectError> {
    // Not prepared: where connections are shared, the prepared statement might be another's.
    let row = connection.fetch_one(sqlx::raw_sql("SELECT pg_backend_pid()"));
    let id = row.await.and_then(|row| row.try_get(0));
    id.map_err(|error| ConnectError::Server(error.to_string()))
}

/// Makes sure that `pools` of our size can be filled at `options`, by filling them, and returns one
/// of the connections.
///
/// # Errors
/// See [`ConnectError`].
pub async fn connect(
    options: PgConnectOptions,
    pools: usize,
) -> Result<PgConnection, ConnectError> {
    let connector = Connector::new(options, CONNECT_TIMEOUT);
    let mut one = connector.connect().await?;
    let mut other = connector.connect().await?;
    apart(&mut one, &mut other).await?;
    let needed = pools * CONNECTIONS;
    let mut others = JoinSet::new();
    for _ in 2..needed {
        let connector = connector.clone();
        others.spawn(async move { connector.connect().await });
    }
    let mut open = vec![other];
    while let Some(Ok(outcome)) = others.join_next().await {
        match outcome {
            Ok(connection) => open.push(connection),
            Err(ConnectError::Connections { message, .. }) => {
                return Err(ConnectError::Connections { message, needed });
            }
            Err(_) => {
                let message = format!("{} and no more", open.len() + 1);
                return Err(ConnectError::Connections { message, needed });
            }
        }
    }
    Ok(one)
}

/// `08P01`, a pooler's answer to parameters of the start that it does not know.
fn is_about_parameters(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().as_deref() == Some("08P01"))
}
