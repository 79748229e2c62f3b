//! Walking to a stage from any state of the cluster, and through it.

use std::io::{BufRead, IsTerminal, stdin};

use anyhow::{Context, ensure};

use super::play::Player;
use crate::cluster::MESH;
use crate::cluster::kubectl::kubectl;
use crate::cluster::objects::Wanted;
use crate::cluster::rollout::settle;
use crate::documents::Documents;
use crate::prose::Prose;
use crate::tally::Tally;
use crate::verify;

/// How the walkthrough is walked.
pub(super) struct Walk<'a> {
    pub(super) documents: &'a Documents,
    /// Whether it waits for Enter.
    pub(super) asks: bool,
    pub(super) prose: Prose,
}

impl Walk<'_> {
    /// Runs the stage at `position`, from any state of the cluster, and verifies it.
    pub(super) fn stage(
        &self,
        position: usize,
        options: &verify::Options,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let stage = &self.documents.stages[position];
        let heading = format!("\n{}: {}\n", stage.key, stage.title);
        self.prose.line(&heading)?;
        self.reach_what_precedes(position)?;
        let player = Player {
            root: &self.documents.root,
            asks: self.asks,
            prose: self.prose,
        };
        let mut background = player.play(stage)?;
        self.tell(&settle()?)?;
        background.check()?;
        verify::stage(self.documents, position, options, tally)?;
        // Before, an image may still have been on its way.
        background.check()
    }

    /// Makes the cluster what the stages before `position` made it.
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

    /// Makes the cluster what is wanted, asks before it deletes, and writes what changed.
    pub(super) fn reach(&self, wanted: &Wanted) -> anyhow::Result<()> {
        if self.asks {
            let surplus = wanted.surplus()?;
            if !surplus.is_empty() {
                self.ask(&format!("To be deleted: {}", surplus.join(", ")))?;
            }
        }
        self.tell(&wanted.reach()?)
    }

    /// Checks that somebody is there to be asked, where it asks.
    pub(super) fn can_ask(&self) -> anyhow::Result<()> {
        ensure!(
            !self.asks || stdin().is_terminal(),
            "there is no terminal to ask: add `--yes`"
        );
        Ok(())
    }

    /// Waits for Enter, where it asks; the end of input is a no.
    pub(super) fn ask(&self, what: &str) -> anyhow::Result<()> {
        if self.asks {
            let question = format!("{what}\nEnter to go on, Ctrl-C to leave it. ");
            self.prose.text(&question)?;
            let read = stdin().lock().read_line(&mut String::new())?;
            ensure!(read > 0, "nobody said yes");
        }
        Ok(())
    }

    fn tell(&self, changes: &[String]) -> anyhow::Result<()> {
        for change in changes {
            self.prose.line(&format!("  {change}"))?;
        }
        Ok(())
    }
}
