//! The folder with the server's data, beside its password, its log and its lock.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use crate::error::Error;
use crate::watchdog::initdb;
use crate::{attempt, user};

/// Makes `folder/database`, completely or not at all, with the password in `folder/password`.
pub(crate) fn initialize(programs: &Path, folder: &Path, lock: &File) -> Result<(), Error> {
    // initdb runs `postgres` through a shell, and does not quote all characters of its path.
    let special = if cfg!(windows) { "%" } else { "$`\"\\\n" };
    check(programs, special)?;
    check(folder, "\r\n")?;
    let attempt = attempt::begin(folder, "database")?;
    user::hand_over(attempt.path())?;
    let unfinished = attempt.path().join("database");
    let password_file = folder.join("password");
    let random = || getrandom::u64().map_err(Error::Random);
    let password = format!("{:016x}{:016x}", random()?, random()?);
    let _ = fs::remove_file(&password_file);
    fs::write(&password_file, password).map_err(Error::file(&password_file))?;
    user::hand_over(&password_file)?;

    let mut arguments = vec!["--pgdata".into(), unfinished.clone().into_os_string()];
    arguments.extend(["--pwfile".into(), password_file.into_os_string()]);
    let others = "--username=postgres --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync";
    arguments.extend(others.split(' ').map(Into::into));
    initdb(programs, folder, &arguments, lock)?;
    attempt::finish(&unfinished, &folder.join("database"))
}

/// Makes sure that PostgreSQL's programs can use `path`, which must have none of the `special`
/// characters.
fn check(path: &Path, special: &str) -> Result<(), Error> {
    let text = path.to_string_lossy();
    let path = path.to_owned();
    if let Some(character) = text.chars().find(|&character| special.contains(character)) {
        return Err(Error::Character { path, character });
    }
    // They cut off paths longer than 1,023 bytes, with the names of their files.
    if path.as_os_str().len() > 900 {
        let reason = "File name too long".into();
        let kind = ErrorKind::InvalidFilename;
        return Err(Error::File { path, reason, kind });
    }
    Ok(())
}
