//! The folders of the files; `None` when this account has no place for them.

use std::path::{Path, PathBuf};

use crate::root::is_root;

/// The folder for what must be kept: `~/.local/share/widgetario` or its like.
pub(crate) fn data() -> Option<PathBuf> {
    folder("XDG_DATA_HOME", "/var/lib", dirs::data_local_dir())
}

/// The folder for what can be downloaded again: `~/.cache/widgetario` or its like.
pub(crate) fn cache() -> Option<PathBuf> {
    folder("XDG_CACHE_HOME", "/var/cache", dirs::cache_dir())
}

/// The variable that moves `path`.
pub(crate) fn variable(path: &Path) -> &'static str {
    match cache() {
        Some(cache) if path.starts_with(&cache) => "XDG_CACHE_HOME",
        _ => "XDG_DATA_HOME",
    }
}

/// The folder that `variable` names, on each system, or else the usual one there. A path that is
/// not absolute does not count (<https://specifications.freedesktop.org/basedir>).
fn folder(variable: &str, roots: &str, own: Option<PathBuf>) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let named = named.filter(|folder| folder.is_absolute());
    let usual = || if is_root() { Some(roots.into()) } else { own };
    Some(named.or_else(usual)?.join("widgetario"))
}
