//! The form of a statement that the pool can run, and run again.

use std::pin::Pin;

use sqlx::{Connection, PgConnection};

/// A statement under way on a connection, as `Box::pin` makes it.
pub type Statement<'c, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'c>>;

/// A statement that a service is to run, tried out while it changes nothing.
pub type Trial = fn(&mut PgConnection) -> Statement<'_, ()>;

/// Asks the server for a sign of life.
pub(super) fn ping(connection: &mut PgConnection) -> Statement<'_, ()> {
    Box::pin(connection.ping())
}
