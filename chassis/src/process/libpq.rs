//! Keeps sqlx from reading libpq's variables.
//!
//! sqlx completes each address of a database from libpq's variables, and joins `PGOPTIONS` to what
//! it is given. No setting of sqlx turns that off, and a process cannot remove its own variables
//! without `unsafe`. So a process that has such a variable starts itself again without it.

use std::env;
use std::io::{self, Write};
use std::process::{Command, ExitCode};

/// <https://www.postgresql.org/docs/current/libpq-envars.html>, as far as sqlx reads them.
const VARIABLES: [&str; 13] = [
    "PGAPPNAME",
    "PGDATABASE",
    "PGHOST",
    "PGHOSTADDR",
    "PGOPTIONS",
    "PGPASSFILE",
    "PGPASSWORD",
    "PGPORT",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGUSER",
];

/// Runs this program again without libpq's variables, as the same process where the system can do
/// that; does nothing when there are none. To be called first in `main`.
///
/// # Errors
/// The status to end with.
pub fn without_variables() -> Result<(), ExitCode> {
    if VARIABLES.iter().all(|name| env::var_os(name).is_none()) {
        return Ok(());
    }
    let failed = |error| {
        let names = VARIABLES.join(", ");
        let _ = writeln!(
            io::stderr(),
            "this program cannot start itself without the variables of libpq ({error}): unset {names}"
        );
        ExitCode::FAILURE
    };
    let mut again = Command::new(env::current_exe().map_err(failed)?);
    again.args(env::args_os().skip(1));
    for name in VARIABLES {
        again.env_remove(name);
    }
    Err(run(again).unwrap_or_else(failed))
}

#[cfg(unix)]
fn run(mut command: Command) -> io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(windows)]
fn run(mut command: Command) -> io::Result<ExitCode> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
    // Each reaches both processes. Watched, they do not end this one before the other, whose status
    // this one ends with.
    let _watched = (ctrl_c()?, ctrl_break()?, ctrl_close()?, ctrl_shutdown()?);
    let code = command.status()?.code().unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
