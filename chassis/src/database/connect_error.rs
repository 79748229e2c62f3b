//! Why there is no connection.

use std::time::Duration;

/// Why there is no connection: a sentence in terms of `DATABASE_URL`, without its password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answered in time.
    #[error("{0} did not answer within {seconds} s: is the host right, and does a firewall let this through?", seconds = .1.as_secs())]
    Silence(String, Duration),
    /// Nobody listens there.
    #[error(
        "nothing listens at {0} (connection refused): start PostgreSQL there, or correct host and port"
    )]
    Refused(String),
    /// The network, or the look-up of the host's name, failed.
    #[error("{0} cannot be reached: {1}")]
    Network(String, std::io::Error),
    /// What answers is not PostgreSQL.
    #[error("what listens at {0} does not answer as PostgreSQL does: {1}")]
    Protocol(String, String),
    /// Both speak TLS, and do not agree.
    #[error(
        "no TLS with {0}: {1}; sslmode=verify-full needs a certificate for that very host, of an \
         authority that the file of sslrootcert names, or of a public one"
    )]
    Tls(String, String),
    /// `28P01`
    #[error(
        "the server refuses the password of the role {0:?}: correct it; in a URL the characters \
         @ / # ? % [ ] are written %40 %2F %23 %3F %25 %5B %5D"
    )]
    Password(String),
    /// `28000`
    #[error(
        "the server does not let the role {role:?} in ({message}): its pg_hba.conf must allow the role \
         from here{}",
        without_tls()
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
    /// `57P03`, and what else a server says that starts or stops.
    #[error("the server takes no connections now ({0}): try again in a moment")]
    NotNow(String),
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

/// What to say of TLS to somebody whom a server does not let in.
fn without_tls() -> &'static str {
    if cfg!(feature = "database-tls") {
        "; one that demands TLS needs sslmode=verify-full in the URL"
    } else {
        ", without TLS, which this program speaks only when it is built with the feature database-tls"
    }
}
