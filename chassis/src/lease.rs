//! A connection taken from the pool for a statement, and given back only in good order.

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::time::{Instant, timeout_at};

use crate::{DatabaseError, Statement};

/// A connection that goes back to the pool only when it is idle. One that is dead, late or
/// abandoned by its caller is closed at once: the pool would ping it first, and wait for ever
/// where the network swallows the ping.
pub(crate) struct Lease {
    pool: PgPool,
    connection: Option<PoolConnection<Postgres>>,
    idle: bool,
}

impl Lease {
    pub(crate) fn new(pool: PgPool, connection: PoolConnection<Postgres>) -> Self {
        Self {
            pool,
            connection: Some(connection),
            idle: true,
        }
    }

    /// Runs a statement until `deadline`.
    ///
    /// # Errors
    /// See [`DatabaseError`].
    pub(crate) async fn run<T>(
        &mut self,
        deadline: Instant,
        statement: impl Fn(&mut PgConnection) -> Statement<'_, T>,
    ) -> Result<T, DatabaseError> {
        let connection = self.connection.as_mut().expect("only drop takes it");
        self.idle = false;
        match timeout_at(deadline, statement(connection)).await {
            Ok(Ok(value)) => {
                self.idle = true;
                Ok(value)
            }
            Ok(Err(error)) if is_refusal(&error) => {
                self.idle = true;
                Err(DatabaseError::Refused(error))
            }
            Ok(Err(error)) => Err(DatabaseError::Unavailable(error.to_string())),
            Err(_) => {
                // Silence, not a closed connection: the others are most likely as dead.
                while let Some(other) = self.pool.try_acquire() {
                    drop(other.detach());
                }
                Err(DatabaseError::Unavailable("silence".into()))
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && !self.idle
        {
            drop(connection.detach());
        }
    }
}

/// Whether the server judged the statement, rather than being down, going down or too slow.
fn is_refusal(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            // Connection failures, lack of resources, and the operator's (or a timeout's) stop:
            // https://www.postgresql.org/docs/current/errcodes-appendix.html
            !["08", "53", "57"]
                .iter()
                .any(|class| code.starts_with(class))
        }
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => false,
        _ => true,
    }
}
