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

/// The program's own folder in the user's cache. Programs with other files use other folders.
fn own() -> anyhow::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    for file in copy::files(REGISTRY) {
        (file.path, file.content).hash(&mut hasher);
    }
    let name = format!("walkthrough-{:016x}", hasher.finish());
    Ok(local_postgres::cache_folder()?.join(name))
}
