//! Who PostgreSQL runs as, and where the files are: it refuses root, and root's home is closed to
//! everybody else.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// Whether this process is root's.
#[cfg(unix)]
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[cfg(not(unix))]
pub(crate) fn is_root() -> bool {
    false
}

/// The folder for what must be kept: `~/.local/share/widgetario` or its like.
pub(crate) fn data_folder() -> Result<PathBuf, Error> {
    folder("XDG_DATA_HOME", "/var/lib", dirs::data_local_dir())
}

/// The folder for what can be downloaded again: `~/.cache/widgetario` or its like.
pub(crate) fn cache_folder() -> Result<PathBuf, Error> {
    folder("XDG_CACHE_HOME", "/var/cache", dirs::cache_dir())
}

/// The variable that moves `path`.
pub(crate) fn variable(path: &Path) -> &'static str {
    match cache_folder() {
        Ok(cache) if path.starts_with(&cache) => "XDG_CACHE_HOME",
        _ => "XDG_DATA_HOME",
    }
}

/// The folder that `variable` names, on each system (<https://specifications.freedesktop.org/basedir>:
/// an absolute path, or it does not count), or the one that is usual there.
fn folder(variable: &str, roots: &str, own: Option<PathBuf>) -> Result<PathBuf, Error> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let named = named.filter(|folder| folder.is_absolute());
    let usual = || if is_root() { Some(roots.into()) } else { own };
    Ok(named
        .or_else(usual)
        .ok_or(Error::NoHome)?
        .join("widgetario"))
}

/// Makes `command` run as `nobody` when this process is root's.
#[cfg(unix)]
pub(crate) fn unprivileged(command: &mut Command) -> Result<(), Error> {
    use std::os::unix::process::CommandExt;
    if let Some(user) = nobody()? {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn unprivileged(_command: &mut Command) -> Result<(), Error> {
    Ok(())
}

/// Gives `path`, just made by this process, to whom [`unprivileged`] commands run as, and to nobody
/// else. Never to be used within a folder of theirs: there it could be a link to somebody's file.
pub(crate) fn hand_over(path: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, lchown};
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        let owner_only = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, owner_only).map_err(Error::file(path))?;
        if let Some(user) = nobody()? {
            let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
            lchown(path, Some(uid), Some(gid)).map_err(Error::file(path))?;
        }
    }
    Ok(())
}

/// Opens `folder`, which stays this process's own, for them to enter.
pub(crate) fn let_in(folder: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    if is_root() {
        use std::os::unix::fs::PermissionsExt;
        let everybody = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder, everybody).map_err(Error::file(folder))?;
    }
    Ok(())
}

#[cfg(unix)]
fn nobody() -> Result<Option<nix::unistd::User>, Error> {
    if !is_root() {
        return Ok(None);
    }
    let user = nix::unistd::User::from_name("nobody").ok().flatten();
    user.map(Some).ok_or(Error::NoUser)
}
