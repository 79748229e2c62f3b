//! What can go wrong, each with the way out.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The binaries could not be fetched or unpacked.
    #[error(
        "PostgreSQL {version} could not be downloaded from Maven Central ({reason}): connect to the \
         internet for the first start, or set DATABASE_URL to a PostgreSQL of your own"
    )]
    Download {
        /// The version wanted.
        version: &'static str,
        /// The cause.
        reason: String,
    },
    /// The account has no folder for data.
    #[error("this account has no data folder: set HOME")]
    NoHome,
    /// Another process uses the folder.
    #[error("the shop already runs with its data in {}: stop it first", .0.display())]
    InUse(PathBuf),
    /// A file or folder could not be used.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// PostgreSQL's own program failed.
    #[error("{program} failed ({reason}); server.log beside the data may say more")]
    Program {
        /// `initdb` or `pg_ctl`.
        program: &'static str,
        /// The last thing that it said.
        reason: String,
    },
    /// The data cannot be served.
    #[error(
        "PostgreSQL does not start with the data in {} ({reason}): `widgetario up --fresh` starts over \
         with the shop's first stock", data.display()
    )]
    Start {
        /// Where the data is.
        data: PathBuf,
        /// PostgreSQL's own last word.
        reason: String,
    },
    /// PostgreSQL's programs cannot run there.
    #[error(
        "PostgreSQL cannot be run in {} (started by root it runs as `nobody`, who must be allowed to \
         enter this folder and those above it)", folder.display()
    )]
    Run {
        /// The folder of the data.
        folder: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system gave no random number.
    #[error("the operating system gave no random number for a password")]
    Random(#[from] getrandom::Error),
    /// A database address that is none.
    #[error("it must be a URL such as postgres://role:password@host:5432/database")]
    Url,
    /// Running as root without anyone to run PostgreSQL as.
    #[error("PostgreSQL refuses to run as root, and there is no user `nobody` to run it as")]
    NoUser,
    /// The database refused what makes a shop of it.
    #[error("the database could not be prepared")]
    Sql(#[from] sqlx::Error),
}

impl Error {
    /// For `map_err`: names the file that `source` speaks of.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }
}
