//! What PostgreSQL's error codes mean for a statement that is a transaction by itself.
//!
//! The codes are those of <https://www.postgresql.org/docs/current/errcodes-appendix.html>. An
//! `ERROR` has undone the statement, whatever its code; a `FATAL` or a `PANIC` ends the session,
//! perhaps after the statement took effect.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// What an error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// What the session remembers is out of date; nothing happened, and a new session can do it.
    Stale,
    /// The session is for reading; nothing happened. After a failover a new one may lead to the
    /// new primary.
    ReadOnly,
    /// Another transaction interfered; nothing happened, and the same statement can succeed now.
    Again,
    /// The server cannot do it now; nothing happened.
    Busy,
    /// The session is over; whether the statement took effect is unknown.
    Lost,
    /// The statement and this database do not fit: a right, a table or a column is missing. Nothing
    /// happened, and no further try helps until somebody corrects that.
    Refused,
}

/// The first row with which a code begins is its meaning; all other codes are [`Meaning::Refused`].
const TABLE: &[(&str, Meaning)] = &[
    ("08", Meaning::Lost),        // connection exception
    ("0A000", Meaning::Stale),    // "cached plan must not change result type", after ALTER TABLE
    ("25006", Meaning::ReadOnly), // read-only transaction: a standby, or a former primary
    ("25P03", Meaning::Lost),     // idle in transaction for too long
    ("25P04", Meaning::Lost),     // transaction timeout
    ("25", Meaning::Stale),       // a transaction that somebody left open or failed
    ("26", Meaning::Stale),       // the prepared statement is gone
    ("40001", Meaning::Again),    // serialization failure
    ("40P01", Meaning::Again),    // deadlock
    ("40003", Meaning::Lost),     // statement completion unknown
    ("40", Meaning::Busy),        // any other rollback
    ("42P05", Meaning::Stale),    // the prepared statement is there already
    ("53", Meaning::Busy),        // disk full, out of memory, too many connections
    ("54000", Meaning::Busy),     // no more transaction ids until somebody vacuums
    ("55006", Meaning::Busy),     // object in use
    ("55P03", Meaning::Busy),     // lock not available
    ("57014", Meaning::Busy),     // cancelled, by hand or by statement_timeout
    ("57P03", Meaning::Busy),     // starting up or shutting down
    ("57", Meaning::Lost),        // the operator ended the session
    ("58", Meaning::Lost),        // the operating system failed the server
    ("72000", Meaning::Again),    // snapshot too old, before PostgreSQL 17
    ("XX", Meaning::Lost),        // the server's own fault
];

impl Meaning {
    /// What an error of a session means.
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                let severity = error
                    .try_downcast_ref::<PgDatabaseError>()
                    .map(PgDatabaseError::severity);
                match severity {
                    Some(PgSeverity::Fatal | PgSeverity::Panic) => Self::Lost,
                    _ => Self::of_code(&error.code().unwrap_or_default()),
                }
            }
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => Self::Lost,
            // The answer came, and does not fit: a column has another type.
            _ => Self::Refused,
        }
    }

    fn of_code(code: &str) -> Self {
        let row = TABLE.iter().find(|(begin, _)| code.starts_with(begin));
        row.map_or(Self::Refused, |(_, meaning)| *meaning)
    }
}
