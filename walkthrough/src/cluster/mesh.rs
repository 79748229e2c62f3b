//! The mesh that a stage needs: what the last `istioctl install` of the documents makes. The one thing
//! that is compared with the cluster is whether it is ambient, which is whether it has ztunnel.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use super::ambient::Ambient;
use super::kubectl::{get, items, kubectl, output};
use super::manifests::objects_of;
use super::{MESH, SHOP};
use crate::documents::{Change, Line, Stage};

/// A mesh, by the command that installs it.
pub(crate) struct Mesh {
    command: Line,
    /// Whether it has ztunnel, and so can carry the traffic of pods without sidecars.
    pub(crate) is_ambient: bool,
}

impl Mesh {
    /// The mesh of the last `istioctl install` in `stages`, if there is one; `root` is the folder where
    /// the paths of their commands begin.
    ///
    /// # Errors
    /// When a file that the command names cannot be read.
    pub(crate) fn of(root: &Path, stages: &[Stage]) -> anyhow::Result<Option<Self>> {
        let installed = stages.iter().flat_map(Stage::changes);
        let installed = installed.filter_map(|change| match change {
            Change::Install(line) => Some(line),
            _ => None,
        });
        installed
            .last()
            .map(|line| Self::by(root, line))
            .transpose()
    }

    /// The mesh that the command of a `line` installs.
    ///
    /// # Errors
    /// See [`Mesh::of`].
    pub(crate) fn by(root: &Path, line: &Line) -> anyhow::Result<Self> {
        let mut command = line.clone();
        let mut is_ambient = false;
        for place in 1..command.len() {
            if command[place - 1] == "-f" {
                let file = root.join(&command[place]);
                let enables = |settings: &Value| settings.pointer(ZTUNNEL) == Some(&true.into());
                is_ambient |= objects_of(&file)?.iter().any(enables);
                command[place] = file.to_string_lossy().into_owned();
            }
        }
        Ok(Self {
            command,
            is_ambient,
        })
    }

    /// What differs between the cluster's mesh and this one, in a line; `None` when nothing does.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(super) fn difference(&self) -> anyhow::Result<Option<String>> {
        Ok(match (has_ztunnel()?, self.is_ambient) {
            (true, false) if !ztunnel_stays()? => {
                Some("the mesh is ambient: ztunnel is of another stage".into())
            }
            (false, true) => Some("the mesh is not ambient: it has no ztunnel".into()),
            _ => None,
        })
    }

    /// The words that this kind of cluster needs behind its command; `None` where an ambient mesh is
    /// there already, which stays as it is.
    ///
    /// # Errors
    /// When the mesh is ambient, and the cluster cannot run it; it says why, and what to do.
    pub(crate) fn words_for_this_cluster(&self) -> anyhow::Result<Option<Line>> {
        if !self.is_ambient {
            let stays = has_ztunnel()? && ztunnel_stays()?;
            return Ok((!stays).then(Line::new));
        }
        match Ambient::on(&get(&["nodes"])?) {
            Ambient::Runs(settings) => {
                let words = settings.iter().flat_map(|setting| ["--set", setting]);
                Ok(Some(words.map(str::to_owned).collect()))
            }
            Ambient::Fails(_) if has_ztunnel()? => Ok(None),
            Ambient::Fails(because) => bail!(
                "ambient does not run here, and nothing was installed: {because}; `--without ambient` \
                 leaves these stages out"
            ),
        }
    }

    /// Installs it where the cluster's differs. Returns a line when it did.
    ///
    /// # Errors
    /// See [`Mesh::words_for_this_cluster`]; also when istioctl fails.
    pub(super) fn install(&self) -> anyhow::Result<Option<String>> {
        if self.difference()?.is_none() {
            return Ok(None);
        }
        let words = self.words_for_this_cluster()?.unwrap_or_default();
        let command = [&self.command[..], &words].concat();
        let words: Vec<&str> = command[1..].iter().map(String::as_str).collect();
        output(&command[0], &words).context("the mesh of this stage cannot be installed")?;
        Ok(Some(format!("mesh installed by `{}`", command.join(" "))))
    }
}

/// Where an `IstioOperator` says whether ztunnel is installed.
const ZTUNNEL: &str = "/spec/components/ztunnel/enabled";

/// The namespaces whose pods are in the ambient mesh, without the shop's.
///
/// # Errors
/// When the cluster cannot be asked.
pub(crate) fn ambient_namespaces() -> anyhow::Result<Vec<String>> {
    let namespaces = get(&["namespaces", "-l", "istio.io/dataplane-mode=ambient"])?;
    let names = items(&namespaces).filter_map(|namespace| namespace["metadata"]["name"].as_str());
    let others = names.filter(|name| *name != SHOP);
    Ok(others.map(str::to_owned).collect())
}

/// Whether ztunnel, if the cluster has it, stays for stages that need none: other namespaces need it, or
/// it was installed in a way that the documents' command cannot repeat.
fn ztunnel_stays() -> anyhow::Result<bool> {
    let is_made_by_hand = matches!(Ambient::on(&get(&["nodes"])?), Ambient::Fails(_));
    Ok(is_made_by_hand || !ambient_namespaces()?.is_empty())
}

fn has_ztunnel() -> anyhow::Result<bool> {
    let daemon = [
        "get",
        "daemonset",
        "ztunnel",
        "-n",
        MESH,
        "--ignore-not-found",
        "--output=name",
    ];
    Ok(!kubectl(&daemon)?.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use super::*;

    #[test]
    fn mesh_is_ambient_when_its_file_enables_ztunnel() {
        let file = env::temp_dir().join(format!("widgetario-mesh-{}.yaml", std::process::id()));
        let is_ambient = |enabled: bool| {
            let settings =
                format!("spec: {{ components: {{ ztunnel: {{ enabled: {enabled} }} }} }}\n");
            fs::write(&file, settings).expect("a file");
            let words = ["istioctl", "install", "-y", "-f", &file.to_string_lossy()];
            let line: Line = words.map(str::to_owned).into();
            Mesh::by(Path::new("/"), &line).expect("a mesh").is_ambient
        };
        let found = [is_ambient(true), is_ambient(false)];
        fs::remove_file(&file).expect("the file");
        assert_eq!(found, [true, false]);
        let demo = ["istioctl", "install"].map(str::to_owned).into();
        assert!(!Mesh::by(Path::new("/"), &demo).expect("a mesh").is_ambient);
    }
}
