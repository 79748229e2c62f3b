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

fn folder(variable: &str, roots: &str, own: Option<PathBuf>) -> Result<PathBuf, Error> {
    let own = if is_root() && std::env::var_os(variable).is_none() {
        Some(roots.into())
    } else {
        own
    };
    Ok(own.ok_or(Error::NoHome)?.join("widgetario"))
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

/// Makes `path` the property of whom [`unprivileged`] commands run as.
#[cfg(unix)]
pub(crate) fn hand_over(path: &Path) -> Result<(), Error> {
    match nobody()? {
        Some(user) => {
            std::os::unix::fs::chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
                .map_err(Error::file(path))
        }
        None => Ok(()),
    }
}

#[cfg(not(unix))]
pub(crate) fn hand_over(_path: &Path) -> Result<(), Error> {
    Ok(())
}

/// Closes `folder` to all but whom [`unprivileged`] commands run as.
pub(crate) fn keep_private(folder: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let owner_only = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, owner_only).map_err(Error::file(folder))?;
    }
    hand_over(folder)
}

#[cfg(unix)]
fn nobody() -> Result<Option<nix::unistd::User>, Error> {
    if !is_root() {
        return Ok(None);
    }
    let user = nix::unistd::User::from_name("nobody").ok().flatten();
    user.map(Some).ok_or(Error::NoUser)
}
