//! Why a service could not start. Each error is a sentence that says what to correct.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a service could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address} ({source}): {}", remedy(source, setting))]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The variable that sets its port.
        setting: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// `DATABASE_PASSWORD_FILE` cannot be read.
    #[error(
        "DATABASE_PASSWORD_FILE='{}' cannot be read: {source}{}",
        path.display(), permission_remedy(source)
    )]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// No HTTP client can be made.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
    /// The operating system refused what every process needs.
    #[error("the operating system refused a thread or a file: {0}")]
    Runtime(io::Error),
}

/// What to do when the service has no permission to read a file.
fn permission_remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            ": make it readable to the service's user, such as by `chmod a+r` where it comes from"
        }
        _ => "",
    }
}

fn remedy(error: &io::Error, port: &str) -> String {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => "set LISTEN_ADDRESS to one of this machine".into(),
        // Error 10013. There, every user may listen on the ports below 1024, too.
        io::ErrorKind::PermissionDenied if cfg!(windows) => format!(
            "Windows has reserved it (`netsh interface ipv4 show excludedportrange protocol=tcp` shows \
             such ports), or another program keeps it for itself: set {port} to another"
        ),
        io::ErrorKind::PermissionDenied => format!("set {port} to a port above 1023"),
        _ => format!("set {port} to a port that is free"),
    }
}
