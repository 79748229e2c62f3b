//! The walkthrough's stages, read from its documents: what a reader reads is what is run.
//!
//! A stage is a section of `docs/demoN.md` whose heading is `## KEY: Title`. Its code blocks are its
//! commands; the word after `sh` says how a block runs ([`How`]).

mod background;
mod drift;
pub(crate) mod objects;
pub mod run;
pub(crate) mod sidecars;
mod strangers;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

/// One step of the walkthrough.
pub(crate) struct Stage {
    /// Such as `demo4/canary-75-25`.
    pub(crate) key: String,
    pub(crate) title: String,
    /// What the section says, with its blocks, in order.
    pub(crate) parts: Vec<Part>,
}

/// A piece of a section.
pub(crate) enum Part {
    /// Lines to read.
    Text(String),
    /// Commands.
    Block(How, Vec<Line>),
}

/// A command's words.
pub(crate) type Line = Vec<String>;

/// How a block runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// `sh`: run, and shown.
    Shown,
    /// `sh background`: runs until its stage ends.
    Background,
    /// `sh script`: lines for the shell that the command before opened.
    Script,
    /// `sh by-hand`: for the presenter alone.
    ByHand,
}

/// Characters with a meaning to some shell: none may be in a command, so that each works in all.
const SHELL: &str = "\"'`|&;<>()$\\*?[]{}#~!";

/// All stages, in order.
///
/// # Errors
/// When the documents are not there, or one of them is not as the module describes.
pub(crate) fn all() -> anyhow::Result<Vec<Stage>> {
    let root = root()?;
    let mut stages = Vec::new();
    for demo in 1..=5 {
        let path = root.join(format!("docs/demo{demo}.md"));
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let section = parse(&text).with_context(|| path.display().to_string())?;
        let prefix = format!("demo{demo}/");
        let stranger = section.iter().find(|stage| !stage.key.starts_with(&prefix));
        if let Some(stage) = stranger {
            bail!("{}: {} belongs elsewhere", path.display(), stage.key);
        }
        stages.extend(section);
    }
    Ok(stages)
}

/// The place of the stage `key`.
///
/// # Errors
/// When there is none: which there are.
pub(crate) fn position(stages: &[Stage], key: &str) -> anyhow::Result<usize> {
    let keys = || stages.iter().map(|stage| stage.key.as_str());
    keys().position(|known| known == key).with_context(|| {
        let keys: Vec<&str> = keys().collect();
        format!("there is no stage {key}; there are {}", keys.join(", "))
    })
}

/// The repository: this folder or one above it, which holds the documents and what they apply.
///
/// # Errors
/// When there is none.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir()?;
    let is_root = |folder: &&Path| folder.join("docs/demo1.md").is_file();
    let root = here.ancestors().find(is_root);
    root.map(Path::to_owned)
        .context("run this in Widgetario's repository: there is no docs/demo1.md here")
}

fn parse(text: &str) -> anyhow::Result<Vec<Stage>> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut in_stage = false;
    while let Some((number, line)) = lines.next() {
        if let Some(heading) = line.strip_prefix("## ") {
            let stage = heading.split_once(": ").filter(|(key, _)| is_key(key));
            in_stage = stage.is_some();
            stages.extend(stage.map(|(key, title)| Stage {
                key: key.to_owned(),
                title: title.to_owned(),
                parts: Vec::new(),
            }));
            continue;
        }
        let fence = line.strip_prefix("```");
        let body: Vec<&str> = match fence {
            Some(_) => lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| *line != "```")
                .collect(),
            None => Vec::new(),
        };
        let Some(stage) = stages.last_mut().filter(|_| in_stage) else {
            continue;
        };
        let part = match fence.map(how) {
            Some(Some(how)) => Part::Block(how, commands(&body, number + 2)?),
            Some(None) => Part::Text(body.join("\n    ")),
            None => Part::Text(line.to_owned()),
        };
        stage.parts.push(part);
    }
    ensure!(!stages.is_empty(), "no section is a stage");
    Ok(stages)
}

/// `demo4/canary-75-25`
fn is_key(text: &str) -> bool {
    let name = text
        .strip_prefix("demo")
        .and_then(|rest| rest.split_once('/'))
        .map_or("", |(_, name)| name);
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.bytes().all(is_allowed)
}

fn how(info: &str) -> Option<How> {
    match info.trim() {
        "sh" => Some(How::Shown),
        "sh background" => Some(How::Background),
        "sh script" => Some(How::Script),
        "sh by-hand" => Some(How::ByHand),
        _ => None,
    }
}

fn commands(lines: &[&str], first: usize) -> anyhow::Result<Vec<Line>> {
    for (offset, line) in lines.iter().enumerate() {
        if let Some(character) = line.chars().find(|character| SHELL.contains(*character)) {
            let number = first + offset;
            bail!("line {number}: `{character}` means something to a shell: plain words only");
        }
    }
    let words = |line: &&str| line.split_whitespace().map(str::to_owned).collect();
    let lines = lines.iter().filter(|line| !line.trim().is_empty());
    Ok(lines.map(words).collect())
}

impl Stage {
    /// The paths that its commands apply, in order.
    pub(crate) fn applied(&self) -> impl Iterator<Item = &str> {
        self.lines().filter_map(|line| {
            let words: Vec<&str> = line.iter().map(String::as_str).collect();
            match words[..] {
                ["kubectl", "apply", "-f", path] => Some(path),
                _ => None,
            }
        })
    }

    /// Its commands that are run and shown.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &Line> {
        let shown = self.parts.iter().filter_map(|part| match part {
            Part::Block(How::Shown, lines) => Some(lines),
            _ => None,
        });
        shown.flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "# Demo 3\n\n## demo3/sleep: A stranger\n\nSee.\n\n```sh\n\
        kubectl apply -f istio/demo3/sleep.yaml\nkubectl exec -it sleep -- sh\n```\n\n\
        ```sh script\nwget -qO- http://stock-api\n```\n\n```text\n$ 403\n```\n\n## Clean up\n\n\
        ```sh by-hand\nkubectl delete pod sleep\n```\n";

    #[test]
    fn section_with_a_key_is_a_stage() {
        let stages = parse(DOCUMENT).expect("a stage");
        assert_eq!(stages.len(), 1);
        assert_eq!(stages[0].key, "demo3/sleep");
        assert_eq!(stages[0].title, "A stranger");
        assert_eq!(
            stages[0].applied().collect::<Vec<_>>(),
            ["istio/demo3/sleep.yaml"]
        );
        let blocks = stages[0].parts.iter().filter_map(|part| match part {
            Part::Block(how, lines) => Some((*how, lines.len())),
            Part::Text(_) => None,
        });
        let blocks: Vec<_> = blocks.collect();
        assert_eq!(blocks, [(How::Shown, 2), (How::Script, 1)]);
    }

    #[test]
    fn shell_syntax_is_refused_with_its_line() {
        let document = "## demo1/x: X\n\n```sh\nkubectl get pods\nkubectl get pods | sort\n```\n";
        let error = parse(document).err().expect("an error").to_string();
        assert!(error.starts_with("line 5: `|`"), "{error}");
    }
}
