//! Shows the text of a stage, and runs its commands.

use std::io::{BufRead, Write, stdin};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};

use anyhow::{Context, ensure};

use super::background::Background;
use super::own_engine;
use crate::cluster::kinds::Kinds;
use crate::cluster::kubectl;
use crate::cluster::mesh::Mesh;
use crate::documents::{BlockKind, Change, Line, Part, Stage};
use crate::entrance::Entrances;
use crate::prose::Prose;

/// Shows and runs a stage.
pub(super) struct Player<'a> {
    /// The folder in which commands run.
    pub(super) root: &'a Path,
    /// Whether it waits for Enter before each command.
    pub(super) asks: bool,
    pub(super) prose: Prose,
}

impl Player<'_> {
    /// Shows the text of a stage and runs its commands. Returns those that go on in the background.
    ///
    /// # Errors
    /// When a command fails.
    pub(super) fn play(
        &self,
        stage: &Stage,
        entrances: &mut Entrances,
    ) -> anyhow::Result<Background> {
        let mut background = Background::default();
        for (place, part) in stage.parts.iter().enumerate() {
            match part {
                Part::Text(text) => self.prose.line(text)?,
                Part::Block(BlockKind::ByHand, lines) => {
                    for line in lines {
                        let line = format!("    (by hand) {}", line.join(" "));
                        self.prose.line(&line)?;
                    }
                }
                Part::Block(BlockKind::Background, lines) => {
                    for line in lines {
                        let line = own_engine::adapted(led(line, entrances)?);
                        self.announce(&line)?;
                        background.start(&line, self.root)?;
                    }
                }
                Part::Block(BlockKind::Shown, lines) => {
                    self.run(lines, script_at(&stage.parts[place + 1..]), entrances)?;
                }
                // This was the input of the command before.
                Part::Block(BlockKind::Script, _) => {}
            }
        }
        Ok(background)
    }

    /// Runs the commands of a block; a script is for the last of them.
    fn run(
        &self,
        lines: &[Line],
        script: Option<&[Line]>,
        entrances: &mut Entrances,
    ) -> anyhow::Result<()> {
        for (number, line) in lines.iter().enumerate() {
            let line = led(line, entrances)?;
            match Change::of(&line) {
                Some(Change::Define(path)) => self.define(&line, path)?,
                Some(Change::Install(_)) => self.install(&line)?,
                _ => {
                    self.announce(&line)?;
                    self.execute(&line, script.filter(|_| number + 1 == lines.len()))?;
                }
            }
        }
        Ok(())
    }

    /// Runs a command that defines the kinds in the file `path`, unless the cluster knows them: they may
    /// be another program's, in another version.
    fn define(&self, line: &Line, path: &str) -> anyhow::Result<()> {
        let kinds = Kinds::in_file(self.root.join(path));
        if kinds.missing()?.is_empty() {
            return self.leave_out(line, "the cluster knows these kinds");
        }
        self.announce(line)?;
        self.execute(line, None)?;
        kinds.await_established()
    }

    /// Runs a command that installs the mesh, with what this kind of cluster needs.
    fn install(&self, line: &Line) -> anyhow::Result<()> {
        let Some(words) = Mesh::by(self.root, line)?.words_for_this_cluster()? else {
            return self.leave_out(line, "the mesh is ambient, and stays as it is");
        };
        let line = [&line[..], &words].concat();
        self.announce(&line)?;
        self.execute(&line, None)
    }

    fn leave_out(&self, line: &Line, because: &str) -> anyhow::Result<()> {
        let line = line.join(" ");
        Ok(self
            .prose
            .line(&format!("    (left out: {because}) $ {line}\n"))?)
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

    /// Runs a command. A request to the mesh may fail, because some stages show such failures.
    fn execute(&self, line: &Line, script: Option<&[Line]>) -> anyhow::Result<()> {
        let mut command = command(line);
        command
            .current_dir(self.root)
            .stdout(self.prose.of_commands());
        let mut process = command
            .stdin(script.map_or_else(Stdio::null, |_| Stdio::piped()))
            .spawn()
            .with_context(|| format!("`{}` cannot be started", line[0]))?;
        if let (Some(shell), Some(script)) = (process.stdin.take(), script) {
            self.feed(shell, script)?;
        }
        let status = process.wait()?;
        let asks_the_mesh = script.is_some() || line[0] == "curl" || line[0] == "docker";
        ensure!(
            status.success() || asks_the_mesh,
            "`{}` ended with {status}",
            line.join(" ")
        );
        self.prose.line("")?;
        Ok(())
    }

    /// Shows the lines of a script, and writes them to the shell that runs it.
    fn feed(&self, mut shell: ChildStdin, script: &[Line]) -> anyhow::Result<()> {
        for line in script {
            let line = line.join(" ");
            self.prose.line(&format!("    / # {line}"))?;
            // When the shell has ended already, its status says why.
            let _ = writeln!(shell, "{line}");
        }
        Ok(())
    }
}

/// The words of a command, once the entrances that it names are open, with the ports where they are.
fn led(line: &Line, entrances: &mut Entrances) -> anyhow::Result<Line> {
    entrances.open_named(line)?;
    Ok(entrances.led(line))
}

/// The script at the beginning of `parts`, before any other block.
fn script_at(parts: &[Part]) -> Option<&[Line]> {
    let block = parts.iter().find_map(|part| match part {
        Part::Block(kind, lines) => Some((kind, lines)),
        Part::Text(_) => None,
    });
    match block {
        Some((BlockKind::Script, lines)) => Some(lines),
        _ => None,
    }
}

/// The command of a line, without `-t`, which needs a terminal.
fn command(line: &Line) -> Command {
    let words = line[1..].iter().map(String::as_str);
    kubectl::command(
        &line[0],
        words.map(|word| if word == "-it" { "-i" } else { word }),
    )
}
