//! What stops a server once the process that started it has ended, in whatever way: it waits for its
//! standard input, a pipe from that process, to close. The operating system sees to that on each of
//! Linux, macOS and Windows.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program::apart;
use crate::{Error, user};

/// What becomes of the folder when the server ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It stays for the next start.
    Keep,
    /// It is removed.
    Remove,
}

/// Starts what stops the server once this process has ended.
pub(crate) fn start(
    programs: &Path,
    folder: &Path,
    data: &Path,
    lock: &File,
    ending: Ending,
) -> Result<Child, Error> {
    // `cat` ends with the pipe; the second try is for a server that was just starting.
    #[cfg(unix)]
    let mut command = {
        let script = r#"trap '' HUP INT TERM; cat >/dev/null
            cd /; "$PG_CTL" stop -s -m fast || { sleep 1; "$PG_CTL" stop -s -m fast; }
            [ -z "$REMOVE" ] || rm -rf "$REMOVE""#;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    };
    #[cfg(windows)]
    let mut command = {
        use std::os::windows::process::CommandExt;
        let mut command = Command::new("cmd");
        command.raw_arg(
            r#"/C "sort >NUL & "%PG_CTL%" stop -s -m fast & cd \ & if defined REMOVE rmdir /S /Q "%REMOVE%"""#,
        );
        command
    };
    command
        .env("PG_CTL", programs.join("pg_ctl"))
        .env("PGDATA", data);
    match ending {
        Ending::Remove => command.env("REMOVE", folder),
        Ending::Keep => command.env_remove("REMOVE"),
    };
    // Its output goes nowhere, but as long as it holds this file, the folder is locked.
    let lock = lock.try_clone().map_err(Error::file(folder))?;
    command.stdin(Stdio::piped()).stdout(lock);
    command.stderr(Stdio::null()).current_dir(data);
    apart(&mut command);
    user::unprivileged(&mut command)?;
    command.spawn().map_err(Error::file(programs))
}
