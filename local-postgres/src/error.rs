//! What can go wrong, with the remedy. Each error states its cause in its own text, so none has a
//! source: otherwise the cause would be printed twice.

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnosis::Diagnosis;
use crate::folders;
use crate::remedy::{is_broken, remedy_in_folder};
use crate::root::is_root;

/// Why there is no PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The binaries could not be fetched or unpacked.
    #[error(
        "PostgreSQL {version} could not be downloaded from Maven Central ({reason}): connect to the \
         internet for the first start, or set DATABASE_URL to a PostgreSQL of your own"
    )]
    Download {
        /// The version that is needed.
        version: &'static str,
        /// The cause.
        reason: String,
    },
    /// Nobody has built the binaries for this machine.
    #[error(
        "Maven Central has no PostgreSQL {version} for {platform}: set DATABASE_URL to a PostgreSQL of \
         your own"
    )]
    Platform {
        /// The version that is needed.
        version: &'static str,
        /// Operating system and processor.
        platform: String,
    },
    /// The account has no folder for data.
    #[error("this account has no folder of its own for that: name one with {0}")]
    NoHome(&'static str),
    /// A folder is named that depends on where the program was started.
    #[error("{variable}={:?} is not allowed: it must be the whole path of a folder", folder.display())]
    Relative {
        /// The variable that names it.
        variable: &'static str,
        /// The folder.
        folder: PathBuf,
    },
    /// A test would use the data of whoever runs it.
    #[error("a test must name a folder of its own with {0}: this would be the user's own data")]
    Test(&'static str),
    /// Another process uses the folder.
    #[error("the shop already runs with its data in {}: stop it first", .0.display())]
    InUse(PathBuf),
    /// A file or folder could not be used.
    #[error(
        "{} cannot be used ({reason}){}",
        path.display(), remedy_after_colon(&format!("{kind}: {reason}"), folders::variable(path))
    )]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system said; on Windows, in the user's language.
        reason: String,
        /// What it meant.
        kind: io::ErrorKind,
    },
    /// A path with which PostgreSQL's programs do not find each other or their data.
    #[error(
        "PostgreSQL cannot use {}, because of the {character:?} in that path: choose another folder \
         with {}", path.display(), folders::variable(path)
    )]
    Character {
        /// The path.
        path: PathBuf,
        /// The first such character.
        character: char,
    },
    /// PostgreSQL's own program failed.
    #[error("{program} failed ({reason}): {remedy}")]
    Program {
        /// Such as `initdb`.
        program: &'static str,
        /// The most severe line that it wrote.
        reason: String,
        /// The remedy.
        remedy: String,
    },
    /// The data cannot be served.
    #[error("PostgreSQL does not start with the data in {} ({reason}): {remedy}", data.display())]
    Start {
        /// Where the data is.
        data: PathBuf,
        /// The cause, in PostgreSQL's own words.
        reason: String,
        /// The remedy.
        remedy: String,
    },
    /// The server ended by itself.
    #[error("PostgreSQL ended ({reason}): {remedy}")]
    Ended {
        /// The cause, in PostgreSQL's own words.
        reason: String,
        /// The remedy.
        remedy: String,
    },
    /// PostgreSQL's programs cannot run there.
    #[error("PostgreSQL cannot be run in {} ({cause}){}", folder.display(), remedy_for_root(cause))]
    Run {
        /// The folder of the data.
        folder: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// No port to listen on.
    #[error(
        "there is no free port on 127.0.0.1 for PostgreSQL ({0}): end other programs, and see whether \
         this machine's loopback interface is up"
    )]
    Port(io::Error),
    /// The server is not running.
    #[error("PostgreSQL does not run")]
    NotRunning,
    /// The operating system gave no random number.
    #[error("the operating system gave no random number for a password ({0})")]
    Random(getrandom::Error),
    /// This process runs as root, and there is no user to run PostgreSQL as.
    #[error("PostgreSQL refuses to run as root, and there is no user `nobody` to run it as")]
    NoUser,
}

impl Error {
    /// For `map_err`: adds to a cause the file that could not be used.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |cause| {
            let (reason, kind) = (first_cause(&cause), cause.kind());
            Self::File { path, reason, kind }
        }
    }

    /// The error of the program `program` in the folder `programs`, from its `output`.
    pub(crate) fn program(program: &'static str, programs: &Path, output: &[String]) -> Self {
        let Diagnosis { reason, remedy } = Diagnosis::of(output, programs);
        let otherwise = || "set DATABASE_URL to a PostgreSQL of your own instead".into();
        Self::Program {
            program,
            reason,
            remedy: remedy.unwrap_or_else(otherwise),
        }
    }

    /// Why the server did not start, from its `output`.
    pub(crate) fn start(data: &Path, programs: &Path, output: &[String]) -> Self {
        let Diagnosis { reason, remedy } = Diagnosis::of(output, programs);
        let otherwise = || {
            if is_broken(&reason) {
                "`widgetario up --fresh` starts over with the shop's first stock".into()
            } else {
                LOG.into()
            }
        };
        Self::Start {
            data: data.to_owned(),
            remedy: remedy.unwrap_or_else(otherwise),
            reason,
        }
    }

    /// Why the server ended, from its `output`.
    pub(crate) fn ended(programs: &Path, output: &[String]) -> Self {
        let Diagnosis { reason, remedy } = Diagnosis::of(output, programs);
        let remedy = remedy.unwrap_or_else(|| LOG.into());
        Self::Ended { reason, remedy }
    }
}

/// The advice when no remedy is known.
const LOG: &str = "server.log beside the data says more";

/// The first cause of `error`: what the operating system said.
fn first_cause(error: &dyn std::error::Error) -> String {
    let mut first = error;
    while let Some(cause) = first.source() {
        first = cause;
    }
    first.to_string()
}

/// The remedy for what the operating system said of a folder that `variable` moves, behind a colon;
/// empty if it is unknown.
fn remedy_after_colon(reason: &str, variable: &str) -> String {
    let remedy = remedy_in_folder(reason, variable).map(|remedy| format!(": {remedy}"));
    remedy.unwrap_or_default()
}

/// The remedy for root, who may enter every folder, while `nobody` may not.
fn remedy_for_root(cause: &io::Error) -> &'static str {
    if is_root() && cause.kind() == io::ErrorKind::PermissionDenied {
        ": started by root it runs as `nobody`, who must be allowed to enter this folder and those \
         above it"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedy_is_known_in_whatever_language_the_system_speaks() {
        let denied = io::Error::new(io::ErrorKind::PermissionDenied, "Zugriff verweigert");
        let said = Error::file(Path::new("data"))(denied).to_string();
        assert!(
            said.contains("cannot be used (Zugriff verweigert): it belongs to another user"),
            "{said}"
        );
        let full = io::Error::new(io::ErrorKind::StorageFull, "Espace insuffisant");
        let said = Error::file(Path::new("data"))(full).to_string();
        assert!(
            said.contains("the disk is full: make room on it, or choose another"),
            "{said}"
        );
    }
}
