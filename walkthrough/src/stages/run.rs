//! `stages`, `run` and `undo`.

use std::io::{BufRead, IsTerminal, Write, stdin};
use std::path::Path;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, ensure};
use chassis::say;
use clap::Args;

use super::background::{self, Background};
use super::objects::{Wanted, settle};
use super::{How, Line, Part, Stage, all, position, root};
use crate::cleanup;
use crate::cluster::{self, Consent, MESH, kubectl, output};
use crate::prose::Prose;
use crate::verify::{self, Tally};

/// The stage to run or to undo.
#[derive(Args)]
pub struct Run {
    /// Such as `demo4/canary-75-25`; `widgetario stages` lists them
    #[arg(required_unless_present = "all")]
    key: Option<String>,

    /// All stages, in order
    #[arg(long, conflicts_with = "key")]
    all: bool,

    /// Do not wait for Enter before each command
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    verify: verify::Options,
}

/// The stage to undo.
#[derive(Args)]
pub struct Undo {
    /// Such as `demo4/canary-75-25`
    key: String,

    /// Do not ask before anything is deleted
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    consent: Consent,
}

/// Lists the stages.
///
/// # Errors
/// See [`all`].
pub fn list() -> anyhow::Result<ExitCode> {
    for stage in all()? {
        say!("{:28} {}", stage.key, stage.title)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs stages; the status tells whether all of their claims hold.
///
/// # Errors
/// When a command fails.
pub fn run(options: &Run) -> anyhow::Result<ExitCode> {
    let (root, stages) = (root()?, all()?);
    let chosen = match &options.key {
        Some(key) => position(&stages, key)?..=position(&stages, key)?,
        None => 0..=stages.len() - 1,
    };
    let context = options.consent.check()?;
    let walk = Walk {
        root: &root,
        stages: &stages,
        asks: !options.yes,
        prose: Prose {
            beside_json: options.verify.json,
        },
    };
    walk.can_ask()?;
    cleanup::before_the_end()?;
    background::remove();
    walk.prose.line(&format!("On the cluster {context}."))?;
    let mut tally = Tally::new(&options.verify);
    for place in chosen.clone() {
        if let Err(error) = walk.stage(place, &options.verify, &mut tally) {
            tally.broke_off(&stages[place].key, &error)?;
            let rest = &stages[place + 1..=*chosen.end()];
            tally.not_reached(rest.iter().map(|stage| stage.key.clone()));
            break;
        }
    }
    tally.close()
}

/// Restores the stage before.
///
/// # Errors
/// When the cluster refuses.
pub fn undo(options: &Undo) -> anyhow::Result<ExitCode> {
    let (root, stages) = (root()?, all()?);
    let place = position(&stages, &options.key)?;
    let prose = Prose { beside_json: false };
    let walk = Walk {
        root: &root,
        stages: &stages,
        asks: !options.yes,
        prose,
    };
    let context = options.consent.check()?;
    walk.can_ask()?;
    prose.line(&format!("On the cluster {context}."))?;
    walk.reach(&Wanted::after(&root, &stages, place)?)?;
    if place == 0 {
        walk.ask("To be deleted: Istio, all of it")?;
        prose.text(&output("istioctl", &["uninstall", "--purge", "-y"])?)?;
        let delete = ["delete", "namespace", MESH, "--ignore-not-found"];
        prose.text(&kubectl(&delete)?)?;
    }
    prose.line(&format!("{} is undone.", options.key))?;
    Ok(ExitCode::SUCCESS)
}

/// How the walkthrough is walked.
struct Walk<'a> {
    root: &'a Path,
    stages: &'a [Stage],
    /// Whether it waits for Enter.
    asks: bool,
    prose: Prose,
}

impl Walk<'_> {
    /// Runs a stage, from any state of the cluster, and verifies it.
    fn stage(
        &self,
        place: usize,
        options: &verify::Options,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let stage = &self.stages[place];
        let heading = format!("\n{}: {}\n", stage.key, stage.title);
        self.prose.line(&heading)?;
        self.before(place)?;
        let mut background = self.play(stage)?;
        self.changed(&settle()?)?;
        background.check()?;
        verify::stage(self.root, self.stages, place, options, tally)?;
        // An image may have been on its way before.
        background.check()
    }

    /// Makes the cluster what the stages before `place` made it.
    fn before(&self, place: usize) -> anyhow::Result<()> {
        if place > 0 {
            let istiod = ["get", "deployment", "istiod", "-n", MESH];
            kubectl(&istiod).with_context(|| {
                format!(
                    "Istio is not installed: `widgetario run {}` first",
                    self.stages[0].key
                )
            })?;
        }
        self.reach(&Wanted::after(self.root, self.stages, place)?)
    }

    /// Makes the cluster what is wanted, asks before it deletes, and says what changed.
    fn reach(&self, wanted: &Wanted) -> anyhow::Result<()> {
        if self.asks {
            let surplus = wanted.surplus()?;
            if !surplus.is_empty() {
                self.ask(&format!("To be deleted: {}", surplus.join(", ")))?;
            }
        }
        self.changed(&wanted.reach()?)
    }

    /// Checks that somebody is there to be asked, where it asks.
    fn can_ask(&self) -> anyhow::Result<()> {
        ensure!(
            !self.asks || stdin().is_terminal(),
            "there is no terminal to ask: add `--yes`"
        );
        Ok(())
    }

    /// Waits for Enter, where it asks; the end of input is a no.
    fn ask(&self, what: &str) -> anyhow::Result<()> {
        if self.asks {
            let question = format!("{what}\nEnter to go on, Ctrl-C to leave it. ");
            self.prose.text(&question)?;
            let read = stdin().lock().read_line(&mut String::new())?;
            ensure!(read > 0, "nobody said yes");
        }
        Ok(())
    }

    fn changed(&self, changes: &[String]) -> anyhow::Result<()> {
        for change in changes {
            self.prose.line(&format!("  {change}"))?;
        }
        Ok(())
    }

    /// Shows what a stage says and runs what it runs.
    fn play(&self, stage: &Stage) -> anyhow::Result<Background> {
        let mut background = Background::default();
        let mut parts = stage.parts.iter().peekable();
        while let Some(part) = parts.next() {
            match part {
                Part::Text(text) => self.prose.line(text)?,
                Part::Block(How::ByHand, lines) => {
                    for line in lines {
                        let line = format!("    (by hand) {}", line.join(" "));
                        self.prose.line(&line)?;
                    }
                }
                Part::Block(How::Background, lines) => {
                    for line in lines {
                        self.announce(line)?;
                        background.start(line, self.root)?;
                    }
                }
                Part::Block(How::Shown, lines) => {
                    let script = script_after(&mut parts.clone());
                    for (number, line) in lines.iter().enumerate() {
                        self.announce(line)?;
                        let script = script.filter(|_| number + 1 == lines.len());
                        self.execute(line, script)?;
                    }
                }
                // Fed to the command before.
                Part::Block(How::Script, _) => {}
            }
        }
        Ok(background)
    }

    fn announce(&self, line: &Line) -> anyhow::Result<()> {
        self.prose.text(&format!("    $ {} ", line.join(" ")))?;
        if self.asks {
            stdin().lock().read_line(&mut String::new())?;
        } else {
            self.prose.line("")?;
        }
        Ok(())
    }

    /// Runs a command; one that asks the mesh may fail, since some stages show just that.
    fn execute(&self, line: &Line, script: Option<&Vec<Line>>) -> anyhow::Result<()> {
        let mut command = command(line);
        command
            .current_dir(self.root)
            .stdout(self.prose.of_commands());
        let status = match script {
            None => command.stdin(Stdio::null()).status(),
            Some(lines) => {
                let mut shell = command.stdin(Stdio::piped()).spawn()?;
                let mut input = shell.stdin.take().context("a pipe was asked for")?;
                for line in lines {
                    let line = line.join(" ");
                    self.prose.line(&format!("    / # {line}"))?;
                    // A shell that has ended says why by its status.
                    let _ = writeln!(input, "{line}");
                }
                drop(input);
                shell.wait()
            }
        };
        let status = status.with_context(|| format!("`{}` cannot be started", line[0]))?;
        let asks_the_mesh = script.is_some() || line[0] == "curl" || line[0] == "docker";
        ensure!(
            status.success() || asks_the_mesh,
            "`{}` ended with {status}",
            line.join(" ")
        );
        self.prose.line("")?;
        Ok(())
    }
}

/// The script that follows, before any other block.
fn script_after<'a>(parts: &mut impl Iterator<Item = &'a Part>) -> Option<&'a Vec<Line>> {
    let block = parts.find_map(|part| match part {
        Part::Block(how, lines) => Some((how, lines)),
        Part::Text(_) => None,
    });
    block
        .filter(|(how, _)| **how == How::Script)
        .map(|(_, lines)| lines)
}

/// The command; `-it` needs a terminal, which a script has not.
fn command(line: &Line) -> std::process::Command {
    let words = line[1..].iter().map(String::as_str);
    cluster::command(
        &line[0],
        words.map(|word| if word == "-it" { "-i" } else { word }),
    )
}
