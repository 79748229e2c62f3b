//! Whether this process is root's: PostgreSQL refuses to be, and root's home is closed to everybody
//! else.

/// Whether this process is root's; on Windows none is.
#[cfg(unix)]
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[cfg(not(unix))]
pub(crate) fn is_root() -> bool {
    false
}
