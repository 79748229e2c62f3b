//! Folders that are complete or absent: each try fills a folder of its own, which is then moved.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::error::Error;

/// How long another program may hold what is to be moved.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes a new folder in `folder`, for what will become `name` there; dropped, it is removed.
/// Removes what killed tries have left, so only this process may use `folder`.
pub(crate) fn begin(folder: &Path, name: &str) -> Result<TempDir, Error> {
    sweep(folder, name);
    let builder = tempfile::Builder::new()
        .prefix(&format!("{}.", prefix(name)))
        .tempdir_in(folder);
    builder.map_err(Error::file(folder))
}

/// Moves `from` to its place `to`.
pub(crate) fn finish(from: &Path, to: &Path) -> Result<(), Error> {
    rename(from, to).map_err(Error::file(to))
}

/// Renames a file or folder that was just written; tries again for some seconds while permission is
/// denied, because on Windows other programs look at new files.
///
/// # Errors
/// See [`fs::rename`].
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    patiently(|| fs::rename(from, to))
}

/// Removes the folder `name` in `folder`: all of it, or nothing when another program has a file of it
/// open, which on Windows keeps the folder where it is.
pub(crate) fn discard(folder: &Path, name: &str) -> Result<(), Error> {
    sweep(folder, name);
    let path = folder.join(name);
    let moved = folder.join(format!("{}.old", prefix(name)));
    rename(&path, &moved).map_err(Error::file(&path))?;
    sweep(folder, name);
    Ok(())
}

/// Removes what is left of tries; what cannot be removed now, the next try removes.
fn sweep(folder: &Path, name: &str) {
    let prefix = prefix(name);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// How the names of all folders begin that are on their way to `name`, or from there.
fn prefix(name: &str) -> String {
    format!("{name}.unfinished")
}

/// Tries again while permission is denied. On Windows virus scanners and indexers hold new files for a
/// moment, and then no folder above these can be moved.
fn patiently(mut work: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match work() {
            Err(error)
                if error.kind() == ErrorKind::PermissionDenied && Instant::now() < deadline =>
            {
                sleep(Duration::from_millis(100));
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn move_is_repeated_only_while_permission_is_denied() {
        let mut answers = vec![
            Err(ErrorKind::NotFound.into()),
            Err(ErrorKind::PermissionDenied.into()),
            Err(ErrorKind::PermissionDenied.into()),
        ];
        let outcome = patiently(|| answers.pop().unwrap_or(Ok(())));
        assert_eq!(
            outcome.map_err(|error| error.kind()),
            Err(ErrorKind::NotFound)
        );
        assert!(answers.is_empty());
        assert!(patiently(|| Ok(())).is_ok());
    }
}
