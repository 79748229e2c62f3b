//! The stages of the walkthrough, parsed from its documents: the commands in the text are those
//! that run.
//!
//! A stage is a section of `docs/demoN.md` whose heading is `## KEY: Title`. Its code blocks are its
//! commands; the word after `sh` says how a block runs ([`BlockKind`]).

mod change;

use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

pub(crate) use self::change::Change;
use crate::repository;

/// The documents of the walkthrough.
pub(crate) struct Documents {
    /// The folder where the paths of the commands begin.
    pub(crate) root: PathBuf,
    /// All stages, in order.
    pub(crate) stages: Vec<Stage>,
}

/// One step of the walkthrough.
pub(crate) struct Stage {
    /// Such as `demo4/canary-75-25`.
    pub(crate) key: String,
    pub(crate) title: String,
    /// The text of the section and its blocks, in order.
    pub(crate) parts: Vec<Part>,
}

/// A piece of a section.
pub(crate) enum Part {
    /// Lines to read.
    Text(String),
    /// Commands.
    Block(BlockKind, Vec<Line>),
}

/// The words of a command.
pub(crate) type Line = Vec<String>;

/// How a block runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
    /// `sh`: it runs, and its output is shown.
    Shown,
    /// `sh background`: it runs until its stage ends.
    Background,
    /// `sh script`: lines for the shell that the command before has opened.
    Script,
    /// `sh by-hand`: only the presenter runs it.
    ByHand,
}

/// Characters with a meaning to some shell. No command may contain one, so that each command works in
/// every shell.
const SHELL: &str = "\"'`|&;<>()$\\*?[]{}#~!";

impl Documents {
    /// Reads the documents of the checkout in which the program was started or, elsewhere, the program's
    /// own.
    ///
    /// # Errors
    /// When the documents are missing, or one of them does not have the form that the module
    /// describes.
    pub(crate) fn open() -> anyhow::Result<Self> {
        Self::at(repository::root()?)
    }

    /// Reads the documents of the repository whose folder is `root`.
    ///
    /// # Errors
    /// See [`Documents::open`].
    pub(crate) fn at(root: PathBuf) -> anyhow::Result<Self> {
        let mut stages = Vec::new();
        for demo in 1.. {
            let path = root.join(format!("docs/demo{demo}.md"));
            if !path.is_file() {
                break;
            }
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let section = parse(&text).with_context(|| path.display().to_string())?;
            let prefix = format!("demo{demo}/");
            let misplaced = section.iter().find(|stage| !stage.key.starts_with(&prefix));
            if let Some(stage) = misplaced {
                bail!("{}: {} belongs elsewhere", path.display(), stage.key);
            }
            stages.extend(section);
        }
        Ok(Self { root, stages })
    }

    /// The position of the stage `key`.
    ///
    /// # Errors
    /// When there is no such stage; the error lists those that exist.
    pub(crate) fn position(&self, key: &str) -> anyhow::Result<usize> {
        let keys = || self.stages.iter().map(|stage| stage.key.as_str());
        keys().position(|known| known == key).with_context(|| {
            let keys: Vec<&str> = keys().collect();
            format!("there is no stage {key}; there are {}", keys.join(", "))
        })
    }

    /// The positions of the stage `key`, or of all stages where no key is given.
    ///
    /// # Errors
    /// See [`Documents::position`].
    pub(crate) fn chosen(&self, key: Option<&str>) -> anyhow::Result<RangeInclusive<usize>> {
        Ok(match key {
            Some(key) => {
                let position = self.position(key)?;
                position..=position
            }
            None => 0..=self.stages.len() - 1,
        })
    }
}

/// The stages of a document.
fn parse(text: &str) -> anyhow::Result<Vec<Stage>> {
    let mut stages = Vec::new();
    // A section without a key is no stage, and is left out.
    let mut current: Option<Stage> = None;
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if let Some(heading) = line.strip_prefix("## ") {
            stages.extend(current.take());
            current = Stage::headed(heading);
            continue;
        }
        let part = match line.strip_prefix("```") {
            None => Ok(Part::Text(line.to_owned())),
            Some(info) => {
                let body = lines.by_ref().map(|(_, line)| line);
                let body: Vec<&str> = body.take_while(|line| *line != "```").collect();
                fenced(info, &body, number + 1)
            }
        };
        if let Some(stage) = &mut current {
            stage.parts.push(part?);
        }
    }
    stages.extend(current);
    ensure!(!stages.is_empty(), "no section is a stage");
    Ok(stages)
}

/// A fenced block; `first` is the number of its first line.
fn fenced(info: &str, body: &[&str], first: usize) -> anyhow::Result<Part> {
    let kind = match info.trim() {
        "sh" => BlockKind::Shown,
        "sh background" => BlockKind::Background,
        "sh script" => BlockKind::Script,
        "sh by-hand" => BlockKind::ByHand,
        _ => return Ok(Part::Text(body.join("\n    "))),
    };
    Ok(Part::Block(kind, commands(body, first)?))
}

fn commands(lines: &[&str], first: usize) -> anyhow::Result<Vec<Line>> {
    for (number, line) in (first..).zip(lines) {
        if let Some(character) = line.chars().find(|character| SHELL.contains(*character)) {
            bail!("line {number}: `{character}` means something to a shell: plain words only");
        }
    }
    let words = |line: &&str| line.split_whitespace().map(str::to_owned).collect();
    let lines = lines.iter().filter(|line| !line.trim().is_empty());
    Ok(lines.map(words).collect())
}

impl Stage {
    /// An empty stage, if `heading` has a key, such as `demo4/canary-75-25: A quarter to v2`.
    fn headed(heading: &str) -> Option<Self> {
        let (key, title) = heading.split_once(": ")?;
        is_key(key).then(|| Self {
            key: key.to_owned(),
            title: title.to_owned(),
            parts: Vec::new(),
        })
    }

    /// What the stage's commands do to the cluster, in order.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.lines().filter_map(Change::of)
    }

    /// All commands of the stage, however they run.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &Line> {
        let blocks = self.parts.iter().filter_map(|part| match part {
            Part::Block(_, lines) => Some(lines),
            Part::Text(_) => None,
        });
        blocks.flatten()
    }

    /// The stage's commands that are run and shown.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &Line> {
        let shown = self.parts.iter().filter_map(|part| match part {
            Part::Block(BlockKind::Shown, lines) => Some(lines),
            _ => None,
        });
        shown.flatten()
    }
}

/// Whether `text` has the form of `demo4/canary-75-25`.
fn is_key(text: &str) -> bool {
    let name = text
        .strip_prefix("demo")
        .and_then(|rest| rest.split_once('/'))
        .map_or("", |(_, name)| name);
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "# Demo 3\n\n## demo3/sleep: A stranger\n\nSee.\n\n```sh\n\
        kubectl delete -f istio/demo3/sleep-in-mesh.yaml\nkubectl apply -f istio/demo3/sleep.yaml\nkubectl exec -it sleep -- sh\n```\n\n\
        ```sh script\nwget -qO- http://stock-api\n```\n\n```text\n$ 403\n```\n\n## Clean up\n\n\
        ```sh by-hand\nkubectl delete pod sleep\n```\n";

    #[test]
    fn section_with_a_key_is_a_stage() {
        let stages = parse(DOCUMENT).expect("a stage");
        assert_eq!(stages.len(), 1);
        assert_eq!(stages[0].key, "demo3/sleep");
        assert_eq!(stages[0].title, "A stranger");
        assert_eq!(
            stages[0].changes().collect::<Vec<_>>(),
            [
                Change::Delete("istio/demo3/sleep-in-mesh.yaml"),
                Change::Apply("istio/demo3/sleep.yaml")
            ]
        );
        let blocks = stages[0].parts.iter().filter_map(|part| match part {
            Part::Block(kind, lines) => Some((*kind, lines.len())),
            Part::Text(_) => None,
        });
        let blocks: Vec<_> = blocks.collect();
        assert_eq!(blocks, [(BlockKind::Shown, 3), (BlockKind::Script, 1)]);
    }

    #[test]
    fn shell_syntax_is_refused_with_its_line() {
        let document = "## demo1/x: X\n\n```sh\nkubectl get pods\nkubectl get pods | sort\n```\n";
        let error = parse(document).err().expect("an error").to_string();
        assert!(error.starts_with("line 5: `|`"), "{error}");
    }
}
