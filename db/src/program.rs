//! Running PostgreSQL's programs.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Error, user};

/// One of PostgreSQL's programs, as an unprivileged user, deaf to this terminal's Ctrl-C.
pub(crate) fn program(programs: &Path, name: &str, folder: &Path) -> Command {
    let mut command = Command::new(programs.join(name));
    command.current_dir(folder).stdin(Stdio::null());
    apart(&mut command);
    command
}

pub(crate) fn pg_ctl(programs: &Path, data: &Path) -> Command {
    let mut command = program(programs, "pg_ctl", data);
    command
        .arg("--wait")
        .arg("--silent")
        .arg("--pgdata")
        .arg(data);
    command
}

pub(crate) fn run(program: &'static str, command: &mut Command) -> Result<(), Error> {
    user::unprivileged(command)?;
    let folder = command
        .get_current_dir()
        .unwrap_or(Path::new("."))
        .to_owned();
    let output = command
        .output()
        .map_err(|source| Error::Run { folder, source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let reason = said.lines().rfind(|line| !line.is_empty());
    Err(Error::Program {
        program,
        reason: reason.unwrap_or("it said nothing").into(),
    })
}

/// Keeps this terminal's Ctrl-C from `command`.
#[cfg(unix)]
pub(crate) fn apart(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(windows)]
pub(crate) fn apart(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}
