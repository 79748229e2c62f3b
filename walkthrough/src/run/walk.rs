//! Brings the cluster to a stage, from any state, and runs the stage.

use std::io::{BufRead, IsTerminal, stdin};

use anyhow::{Context, ensure};

use super::play::Player;
use crate::cluster::MESH;
use crate::cluster::kubectl::kubectl;
use crate::cluster::mesh::Mesh;
use crate::cluster::objects::Wanted;
use crate::cluster::rollout::settle;
use crate::documents::Documents;
use crate::entrance::Entrances;
use crate::prose::Prose;
use crate::tally::Tally;
use crate::verify;

/// A walk through stages, and how it is made.
pub(super) struct Walk<'a> {
    pub(super) documents: &'a Documents,
    /// Whether the walk waits for Enter.
    pub(super) asks: bool,
    pub(super) prose: Prose,
}

/// What the cluster holds before a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Anything.
    Unknown,
    /// What the stages before it applied, and no more: the verification of the last of them has just
    /// found that.
    Verified,
}

impl Walk<'_> {
    /// Runs the stage at `position` and verifies it. Returns what the cluster holds before the next one.
    pub(super) fn stage(
        &self,
        position: usize,
        start: Start,
        options: &verify::Options,
        entrances: &mut Entrances,
        tally: &mut Tally,
    ) -> anyhow::Result<Start> {
        let stage = &self.documents.stages[position];
        // What cannot run here is said before anything changes.
        let mesh = Mesh::of(&self.documents.root, &self.documents.stages[..=position])?;
        if let Some(mesh) = mesh.filter(|mesh| mesh.is_ambient) {
            mesh.words_for_this_cluster()?;
        }
        let heading = format!("\n{}: {}\n", stage.key, stage.title);
        self.prose.line(&heading)?;
        if start == Start::Unknown {
            self.reach_what_precedes(position)?;
        }
        let player = Player {
            root: &self.documents.root,
            asks: self.asks,
            prose: self.prose,
        };
        let mut background = player.play(stage, entrances)?;
        self.write_changes(&settle()?)?;
        background.check()?;
        let is_as_documented = verify::stage(self.documents, position, options, entrances, tally)?;
        // At the first check, an image may still have been downloading.
        background.check()?;
        Ok(if is_as_documented {
            Start::Verified
        } else {
            Start::Unknown
        })
    }

    /// Brings the cluster to the state after the stages before `position`.
    fn reach_what_precedes(&self, position: usize) -> anyhow::Result<()> {
        if position > 0 {
            let istiod = ["get", "deployment", "istiod", "-n", MESH];
            kubectl(&istiod).with_context(|| {
                format!(
                    "Istio is not installed: `widgetario run {}` first",
                    self.documents.stages[0].key
                )
            })?;
        }
        self.reach(&Wanted::after(self.documents, position)?)
    }

    /// Makes the cluster hold what is wanted, asks before anything is deleted or the mesh is
    /// installed anew, and writes the changes.
    pub(super) fn reach(&self, wanted: &Wanted) -> anyhow::Result<()> {
        if self.asks {
            let surplus = wanted.surplus()?;
            if !surplus.is_empty() {
                self.ask(&format!("To be deleted: {}", surplus.join(", ")))?;
            }
            if let Some(why) = wanted.other_mesh()? {
                self.ask(&format!("To be installed anew: Istio, because {why}"))?;
            }
        }
        self.write_changes(&wanted.reach()?)
    }

    /// Checks that there is a terminal, if the walk asks.
    pub(super) fn can_ask(&self) -> anyhow::Result<()> {
        ensure!(
            !self.asks || stdin().is_terminal(),
            "there is no terminal to ask: add `--yes`"
        );
        Ok(())
    }

    /// Waits for Enter, if the walk asks; the end of input counts as no.
    pub(super) fn ask(&self, what: &str) -> anyhow::Result<()> {
        if self.asks {
            let question = format!("{what}\nEnter to go on, Ctrl-C to leave it. ");
            self.prose.text(&question)?;
            let read = stdin().lock().read_line(&mut String::new())?;
            ensure!(read > 0, "nobody said yes");
        }
        Ok(())
    }

    fn write_changes(&self, changes: &[String]) -> anyhow::Result<()> {
        for change in changes {
            self.prose.line(&format!("  {change}"))?;
        }
        Ok(())
    }
}
