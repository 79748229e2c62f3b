//! The documents and manifests as they were when this program was built.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::LOCAL;

/// The paths of all files from the repository's root, and their contents. `build.rs` lists them.
const FILES: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/copy.rs"));

/// A file of the repository.
pub(super) struct File {
    /// From the repository's root, with `/` between its parts.
    pub(super) path: &'static str,
    pub(super) content: Cow<'static, [u8]>,
}

/// All files. The manifests take the shop's images from `registry`.
pub(super) fn files(registry: &str) -> impl Iterator<Item = File> {
    FILES.iter().map(move |&(path, content)| {
        let content = match str::from_utf8(content) {
            Ok(text) if !path.starts_with("docs/") => {
                let text = text.replace(&format!("{LOCAL}/"), &format!("{registry}/"));
                Cow::Owned(text.into_bytes())
            }
            _ => Cow::Borrowed(content),
        };
        File { path, content }
    })
}

impl File {
    /// Whether the folder `root` has this file, with this content.
    pub(super) fn is_at(&self, root: &Path) -> bool {
        fs::read(self.place(root)).is_ok_and(|found| found == *self.content)
    }

    /// Whether the folder `root` has something else in the file's place.
    pub(super) fn differs_at(&self, root: &Path) -> bool {
        self.place(root).exists() && !self.is_at(root)
    }

    /// Writes the file into the folder `root`. Whoever reads it meanwhile sees all of the file or none.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(super) fn write(&self, root: &Path) -> anyhow::Result<()> {
        let place = self.place(root);
        let unfinished = place.with_added_extension(std::process::id().to_string());
        let write = || {
            fs::create_dir_all(place.parent().unwrap_or(root))?;
            fs::write(&unfinished, &self.content)?;
            local_postgres::rename(&unfinished, &place)
        };
        write().with_context(|| format!("{} cannot be written", place.display()))
    }

    fn place(&self, root: &Path) -> PathBuf {
        root.join(self.path)
    }
}
