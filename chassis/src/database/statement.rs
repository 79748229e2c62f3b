//! The form in which the pool can run a statement more than once.

use std::pin::Pin;

use sqlx::{Connection, PgConnection};

/// A statement under way on a connection, as `Box::pin` makes it.
pub type Statement<'c, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'c>>;

/// One of a service's statements, with values for which it changes nothing.
pub type Trial = fn(&mut PgConnection) -> Statement<'_, ()>;

/// Asks the server whether the connection is alive.
pub(super) fn ping(connection: &mut PgConnection) -> Statement<'_, ()> {
    Box::pin(connection.ping())
}
