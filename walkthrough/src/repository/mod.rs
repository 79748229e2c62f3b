//! The folder of the documents and manifests: a checkout of the repository, or what stands for one.
//!
//! A checkout, or a folder that [`eject`] wrote, is used where the program is started in it. Elsewhere
//! the program writes the files that it brings along (`copy`) to a folder of its own in the user's
//! cache, because `kubectl` and `istioctl` want files.

mod copy;
pub mod eject;

use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Where our images seem to come from in the repository's files. Nobody can own this name
/// (<https://www.rfc-editor.org/rfc/rfc2606>, section 2), so that a node that lacks an image finds
/// nobody else's in its place.
pub const LOCAL: &str = "widgetario.invalid";

/// Where the images come from that belong to this program. Whoever publishes it has set
/// `WIDGETARIO_REGISTRY` when building it, to where the images were published, too.
pub const REGISTRY: &str = match option_env!("WIDGETARIO_REGISTRY") {
    Some(registry) => registry,
    None => LOCAL,
};

/// The folder where the paths of the documents begin. When it is the program's own, this brings it up
/// to date, and names it on standard error.
///
/// # Errors
/// When the program has no folder of its own, or cannot write there.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    if let Some(root) = checkout() {
        return Ok(root);
    }
    let root = own()?;
    for file in copy::files(REGISTRY).filter(|file| !file.is_at(&root)) {
        file.write(&root)?;
    }
    let _ = writeln!(
        stderr(),
        "No checkout here: using this program's own documents and manifests, in {}",
        root.display()
    );
    Ok(root)
}

/// The current folder, or the next one above it, that has the documents and the manifests.
pub(crate) fn checkout() -> Option<PathBuf> {
    let current = env::current_dir().ok()?;
    let is_root = |folder: &&Path| {
        folder.join("docs/demo1.md").is_file() && folder.join("istio/demo1").is_dir()
    };
    current.ancestors().find(is_root).map(Path::to_owned)
}

/// The variable that moves the user's folder for caches.
const OURS: &str = "WIDGETARIO_CACHE_HOME";

/// The program's own folder in the user's cache. Programs with other files use other folders.
fn own() -> anyhow::Result<PathBuf> {
    // The same variables, on each system, as for what `up` downloads. A path that is not absolute does
    // not count in the second (https://specifications.freedesktop.org/basedir), and is refused in ours.
    let ours = env::var_os(OURS).filter(|folder| !folder.is_empty());
    let ours = ours.map(PathBuf::from);
    if let Some(folder) = ours.as_ref().filter(|folder| !folder.is_absolute()) {
        bail!(
            "{OURS}={} is not allowed: it must be the whole path of a folder",
            folder.display()
        );
    }
    let shared = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let shared = shared.filter(|folder| folder.is_absolute());
    let cache = ours.or(shared).or_else(dirs::cache_dir).with_context(|| {
        format!(
            "this account has no folder for caches: set {OURS}, or run `widgetario eject` and then \
             this, in the folder that it writes"
        )
    })?;
    let mut hasher = DefaultHasher::new();
    for file in copy::files(REGISTRY) {
        (file.path, file.content).hash(&mut hasher);
    }
    let name = format!("walkthrough-{:016x}", hasher.finish());
    // On Windows the data is usually in the same place.
    let folder = if cfg!(windows) {
        "widgetario/cache"
    } else {
        "widgetario"
    };
    Ok(cache.join(folder).join(name))
}
