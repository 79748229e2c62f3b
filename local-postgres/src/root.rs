//! Whether this process runs as root: PostgreSQL refuses to do so, and nobody else may enter root's
//! home.

/// Whether this process runs as root; on Windows none does.
#[cfg(unix)]
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[cfg(not(unix))]
pub(crate) fn is_root() -> bool {
    false
}
