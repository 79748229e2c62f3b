//! The user as whom PostgreSQL's programs run: this user, or `nobody` where this user is root.

use std::path::Path;

use crate::error::Error;
#[cfg(unix)]
use crate::root::is_root;

/// Makes `command` run as `nobody` when this process runs as root.
#[cfg(unix)]
pub(crate) fn unprivileged(command: &mut std::process::Command) -> Result<(), Error> {
    use std::os::unix::process::CommandExt;
    if let Some(user) = nobody()? {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    Ok(())
}

/// Gives `path`, which this process has just made, to the user as whom PostgreSQL's programs run,
/// and denies access to all others. Never use this within a folder of that user: there `path` could
/// be a link to somebody else's file.
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

/// Lets that user enter `folder`, whose owner stays the same.
pub(crate) fn allow_entry(folder: &Path) -> Result<(), Error> {
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
