//! The user as whom PostgreSQL's programs run: this user, or `nobody` where this user is root.

#[cfg(unix)]
pub(crate) use self::unix::{allow_entry, hand_over, unprivileged};
#[cfg(windows)]
pub(crate) use self::windows::{allow_entry, hand_over};

#[cfg(unix)]
mod unix {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{PermissionsExt, lchown};
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::Command;

    use nix::unistd::User;

    use crate::error::Error;
    use crate::root::is_root;

    /// Makes `command` run as `nobody` when this process runs as root.
    pub(crate) fn unprivileged(command: &mut Command) -> Result<(), Error> {
        if let Some(user) = nobody()? {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        Ok(())
    }

    /// Gives `path`, which this process has just made, to the user as whom PostgreSQL's programs run,
    /// and denies access to all others. Never use this within a folder of that user: there `path`
    /// could be a link to somebody else's file.
    pub(crate) fn hand_over(path: &Path) -> Result<(), Error> {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        set_permissions(path, Permissions::from_mode(mode)).map_err(Error::file(path))?;
        if let Some(user) = nobody()? {
            let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
            lchown(path, Some(uid), Some(gid)).map_err(Error::file(path))?;
        }
        Ok(())
    }

    /// Lets that user enter `folder`, whose owner stays the same.
    pub(crate) fn allow_entry(folder: &Path) -> Result<(), Error> {
        if is_root() {
            let everybody = Permissions::from_mode(0o755);
            set_permissions(folder, everybody).map_err(Error::file(folder))?;
        }
        Ok(())
    }

    fn nobody() -> Result<Option<User>, Error> {
        if !is_root() {
            return Ok(None);
        }
        let user = User::from_name("nobody").ok().flatten();
        user.map(Some).ok_or(Error::NoUser)
    }
}

/// PostgreSQL's programs always run as this user, whose folders are closed to others.
#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "on Unix they can fail")]
mod windows {
    use std::path::Path;

    use crate::error::Error;

    pub(crate) fn hand_over(_: &Path) -> Result<(), Error> {
        Ok(())
    }

    pub(crate) fn allow_entry(_: &Path) -> Result<(), Error> {
        Ok(())
    }
}
