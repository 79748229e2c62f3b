//! Why there is no database with the shop. Each error states its cause in its own text, so none has
//! a source: otherwise the cause would be printed twice.

/// The first PostgreSQL whose passwords are SCRAM's. The shop was tried with 15 and 18.
pub(crate) const OLDEST: i32 = 10;

/// Why there is no database with the shop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A database of the user's own cannot hold the shop.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The database refused the statements that make the shop.
    #[error("the database could not be prepared ({}){}", .0, remedy_after_colon(.0))]
    Sql(sqlx::Error),
}

/// Why a database cannot hold the shop.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The server's version.
    #[error("the server is PostgreSQL {0}: the shop needs {OLDEST} or newer")]
    Old(String),
    /// The server only reads.
    #[error("the server is a standby, which only reads: name the primary")]
    Standby,
    /// The sessions of the role only read.
    #[error(
        "the sessions of the role {0:?} may only read: set default_transaction_read_only to off for the \
         role, the database or the server"
    )]
    ReadOnly(String),
    /// The database has no schema `public`.
    #[error("the database has no schema public, where the shop's table is: `CREATE SCHEMA public`")]
    NoSchema,
    /// Rights are missing.
    #[error("the role {role:?} lacks rights: `GRANT {rights} TO {role:?}`")]
    Rights {
        /// The role that logs in.
        role: String,
        /// The rights, in the words of `GRANT`.
        rights: String,
    },
    /// The table is somebody else's.
    #[error(
        "its public.products is not the shop's table ({0}): rename it, or name a database without one"
    )]
    Table(String),
}

impl From<sqlx::Error> for Error {
    fn from(cause: sqlx::Error) -> Self {
        Self::Sql(cause)
    }
}

/// What remedies the error that PostgreSQL reported, behind a colon; empty if that is unknown.
fn remedy_after_colon(cause: &sqlx::Error) -> String {
    let remedy = local_postgres::remedy(&cause.to_string());
    remedy
        .map(|remedy| format!(": {remedy}"))
        .unwrap_or_default()
}
