//! Folders that are complete or absent: each try fills a folder of its own, which is then moved.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::error::Error;

/// Makes a new folder in `folder`, for what will become `name` there; dropped, it is removed.
/// Removes what killed tries have left, so only this process may use `folder`.
pub(crate) fn begin(folder: &Path, name: &str) -> Result<TempDir, Error> {
    let prefix = format!("{name}.unfinished");
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = fs::remove_dir_all(entry.path()); // the next start tries again
        }
    }
    let builder = tempfile::Builder::new()
        .prefix(&format!("{prefix}."))
        .tempdir_in(folder);
    builder.map_err(Error::file(folder))
}

/// Moves `from` to its place `to`. On Windows it tries again, because virus scanners hold new files
/// for a moment.
pub(crate) fn finish(from: &Path, to: &Path) -> Result<(), Error> {
    let mut tries = if cfg!(windows) { 50 } else { 1 };
    loop {
        tries -= 1;
        match fs::rename(from, to) {
            Err(cause) if tries == 0 => return Err(Error::file(to)(cause)),
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(100)),
            Ok(()) => return Ok(()),
        }
    }
}
