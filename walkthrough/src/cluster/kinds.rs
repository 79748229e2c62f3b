//! Kinds of objects that a document's file defines, such as the Gateway API's. Other programs may use
//! them, too, so they are left where they are, in the version that is there, and never deleted.

use std::path::{Path, PathBuf};

use super::kubectl::{kubectl, kubectl_with};
use super::manifests::{list, name, objects_of};
use crate::documents::{Change, Stage};

/// The kinds that a file defines.
pub(crate) struct Kinds {
    file: PathBuf,
}

impl Kinds {
    /// The kinds that `stages` define; `root` is the folder where the paths of their commands begin.
    pub(super) fn of(root: &Path, stages: &[Stage]) -> Vec<Self> {
        let changes = stages.iter().flat_map(Stage::changes);
        let files = changes.filter_map(|change| match change {
            Change::Define(path) => Some(root.join(path)),
            _ => None,
        });
        files.map(|file| Self { file }).collect()
    }

    /// The kinds of `file`.
    pub(crate) fn in_file(file: PathBuf) -> Self {
        Self { file }
    }

    /// The names of those that the cluster does not know, such as
    /// `customresourcedefinition/gateways.gateway.networking.k8s.io`.
    ///
    /// # Errors
    /// When the file cannot be read, or the cluster cannot be asked.
    pub(crate) fn missing(&self) -> anyhow::Result<Vec<String>> {
        let mut wanted: Vec<String> = objects_of(&self.file)?.iter().map(name).collect();
        let known = kubectl(&["get", "customresourcedefinitions", "--output=name"])?;
        let known: Vec<&str> = known.lines().collect();
        wanted.retain(|name| {
            let kind = name.split_once('/').map_or("", |(_, kind)| kind);
            !known
                .iter()
                .any(|known| known.ends_with(&format!("/{kind}")))
        });
        Ok(wanted)
    }

    /// Waits until the cluster accepts objects of these kinds.
    ///
    /// # Errors
    /// When that takes longer than a minute.
    pub(crate) fn await_established(&self) -> anyhow::Result<()> {
        let objects = objects_of(&self.file)?;
        let condition = [
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            "-f",
            "-",
        ];
        kubectl_with(&list(&objects), &condition)?;
        Ok(())
    }

    /// Defines them, if one is missing. Returns a line for each that was.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub(super) fn define(&self) -> anyhow::Result<Vec<String>> {
        let missing = self.missing()?;
        if !missing.is_empty() {
            kubectl(&["apply", "--server-side", "-f", &self.file.to_string_lossy()])?;
            self.await_established()?;
        }
        Ok(missing
            .into_iter()
            .map(|name| format!("{name} defined"))
            .collect())
    }
}
