//! The folders of the files.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::root::is_root;

/// What decides where a folder is.
struct Place {
    /// The variable of our own, which means the same on each system.
    own: &'static str,
    /// The variable of <https://specifications.freedesktop.org/basedir>, read on each system, too.
    shared: &'static str,
    /// The place where root keeps such files.
    roots: &'static str,
    /// The place where this user keeps them.
    usual: fn() -> Option<PathBuf>,
    /// The path in there.
    name: &'static [&'static str],
}

const DATA: Place = Place {
    own: "WIDGETARIO_DATA_HOME",
    shared: "XDG_DATA_HOME",
    roots: "/var/lib",
    usual: dirs::data_local_dir,
    name: &["widgetario"],
};
const CACHE: Place = Place {
    own: "WIDGETARIO_CACHE_HOME",
    shared: "XDG_CACHE_HOME",
    roots: "/var/cache",
    usual: dirs::cache_dir,
    // On Windows both are usually in the same place.
    name: if cfg!(windows) {
        &["widgetario", "cache"]
    } else {
        &["widgetario"]
    },
};

/// The folder for what must be kept: `~/.local/share/widgetario` or its like.
///
/// # Errors
/// When this account has no such folder, or a test asks for that of whoever runs it.
pub fn data() -> Result<PathBuf, Error> {
    match DATA.named()? {
        Some(named) => Ok(named),
        None if runs_in_a_test() => Err(Error::Test(DATA.own)),
        None => DATA.of_this_user(),
    }
}

/// The folder for what can be downloaded again: `~/.cache/widgetario` or its like.
///
/// # Errors
/// When this account has no such folder.
pub fn cache() -> Result<PathBuf, Error> {
    match CACHE.named()? {
        Some(named) => Ok(named),
        None => CACHE.of_this_user(),
    }
}

/// The variable that moves `path`.
pub(crate) fn variable(path: &Path) -> &'static str {
    match cache() {
        Ok(cache) if path.starts_with(&cache) => CACHE.own,
        _ => DATA.own,
    }
}

impl Place {
    /// The folder that the variable of our own names.
    fn named(&self) -> Result<Option<PathBuf>, Error> {
        let Some(folder) = env::var_os(self.own).filter(|folder| !folder.is_empty()) else {
            return Ok(None);
        };
        let folder = PathBuf::from(folder);
        // Ignored, it would lead to the user's own files.
        if !folder.is_absolute() {
            let variable = self.own;
            return Err(Error::Relative { variable, folder });
        }
        Ok(Some(self.within(folder)))
    }

    /// The folder of this user, which may be elsewhere by the shared variable; there, a path that is
    /// not absolute does not count.
    fn of_this_user(&self) -> Result<PathBuf, Error> {
        let shared = env::var_os(self.shared).map(PathBuf::from);
        let usual = || {
            if is_root() {
                Some(self.roots.into())
            } else {
                (self.usual)()
            }
        };
        let folder = shared.filter(|folder| folder.is_absolute()).or_else(usual);
        Ok(self.within(folder.ok_or(Error::NoHome(self.own))?))
    }

    fn within(&self, mut folder: PathBuf) -> PathBuf {
        folder.extend(self.name);
        folder
    }
}

/// Whether cargo runs this process as a test, or a test has started it: for tests alone cargo names the
/// package's programs in such variables.
fn runs_in_a_test() -> bool {
    env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("CARGO_BIN_EXE_"))
}
