//! `stages`, `run` and `undo`.

use std::io::{BufRead, IsTerminal, Write, stdin};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use chassis::{print, say};
use clap::Args;

use super::objects::{Wanted, settle};
use super::{How, Line, Part, Stage, all, position, root};
use crate::cluster::{Consent, MESH, kubectl, output};
use crate::verify;

/// The stage to run or to undo.
#[derive(Args)]
pub(crate) struct Run {
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
pub(crate) struct Undo {
    /// Such as `demo4/canary-75-25`
    key: String,

    /// Do not ask before anything is deleted
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    consent: Consent,
}

/// For what was interrupted to end by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// What goes on behind a stage; dropped, it ends.
struct Background(Vec<Child>);

/// Lists the stages.
///
/// # Errors
/// See [`all`].
pub(crate) fn list() -> anyhow::Result<ExitCode> {
    for stage in all()? {
        say!("{:28} {}", stage.key, stage.title)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs stages; the status tells whether all of their claims hold.
///
/// # Errors
/// When a command fails.
pub(crate) fn run(options: &Run) -> anyhow::Result<ExitCode> {
    let (root, stages) = (root()?, all()?);
    let chosen = match &options.key {
        Some(key) => position(&stages, key)?..=position(&stages, key)?,
        None => 0..=stages.len() - 1,
    };
    let context = options.consent.check()?;
    let asks = !options.yes;
    ensure!(
        !asks || stdin().is_terminal(),
        "there is no terminal to ask: add `--yes`"
    );
    say!("On the cluster {context}.")?;
    let mut failed = false;
    for place in chosen {
        let stage = &stages[place];
        say!("\n{}: {}\n", stage.key, stage.title)?;
        before(&root, &stages, place, asks)?;
        let mut background = play(stage, &root, asks)?;
        settle()?;
        background.check()?;
        failed |= !verify::stage(&root, &stages, place, &options.verify)?;
        drop(background);
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Restores the stage before.
///
/// # Errors
/// When the cluster refuses.
pub(crate) fn undo(options: &Undo) -> anyhow::Result<ExitCode> {
    let (root, stages) = (root()?, all()?);
    let place = position(&stages, &options.key)?;
    say!("On the cluster {}.", options.consent.check()?)?;
    reach(&Wanted::after(&root, &stages, place)?, !options.yes)?;
    if place == 0 {
        print(format_args!(
            "{}",
            output("istioctl", &["uninstall", "--purge", "-y"])?
        ))?;
        print(format_args!(
            "{}",
            kubectl(&["delete", "namespace", MESH, "--ignore-not-found"])?
        ))?;
    }
    say!("{} is undone.", options.key)?;
    Ok(ExitCode::SUCCESS)
}

/// Makes the cluster what the stages before `place` made it.
fn before(root: &Path, stages: &[Stage], place: usize, asks: bool) -> anyhow::Result<()> {
    if place > 0 {
        let istiod = ["get", "deployment", "istiod", "-n", MESH];
        kubectl(&istiod).with_context(|| {
            format!(
                "Istio is not installed: `widgetario run {}` first",
                stages[0].key
            )
        })?;
    }
    reach(&Wanted::after(root, stages, place)?, asks)
}

/// Makes the cluster what is wanted, asks before it deletes, and says what changed.
fn reach(wanted: &Wanted, asks: bool) -> anyhow::Result<()> {
    if asks {
        let surplus = wanted.surplus()?;
        if !surplus.is_empty() {
            say!("To be deleted: {}", surplus.join(", "))?;
            print(format_args!("Enter to go on, Ctrl-C to leave it. "))?;
            stdin().lock().read_line(&mut String::new())?;
        }
    }
    for change in wanted.reach()? {
        say!("  {change}")?;
    }
    Ok(())
}

/// Shows what a stage says and runs what it runs.
fn play(stage: &Stage, root: &Path, asks: bool) -> anyhow::Result<Background> {
    let mut background = Background(Vec::new());
    let mut parts = stage.parts.iter().peekable();
    while let Some(part) = parts.next() {
        match part {
            Part::Text(text) => say!("{text}")?,
            Part::Block(How::ByHand, lines) => {
                for line in lines {
                    say!("    (by hand) {}", line.join(" "))?;
                }
            }
            Part::Block(How::Background, lines) => {
                for line in lines {
                    announce(line, asks)?;
                    let spawned = command(line, root).stdout(Stdio::null()).spawn();
                    let named = || format!("`{}` cannot be started", line[0]);
                    background.0.push(spawned.with_context(named)?);
                }
            }
            Part::Block(How::Shown, lines) => {
                let script = script_after(&mut parts.clone());
                for (number, line) in lines.iter().enumerate() {
                    announce(line, asks)?;
                    let script = script.filter(|_| number + 1 == lines.len());
                    execute(line, script, root)?;
                }
            }
            // Fed to the command before.
            Part::Block(How::Script, _) => {}
        }
    }
    Ok(background)
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

fn announce(line: &Line, asks: bool) -> anyhow::Result<()> {
    print(format_args!("    $ {} ", line.join(" ")))?;
    if asks {
        stdin().lock().read_line(&mut String::new())?;
    } else {
        say!("")?;
    }
    Ok(())
}

/// Runs a command; one that asks the mesh may fail, since some stages show just that.
fn execute(line: &Line, script: Option<&Vec<Line>>, root: &Path) -> anyhow::Result<()> {
    let mut command = command(line, root);
    let status = match script {
        None => command.stdin(Stdio::null()).status(),
        Some(lines) => {
            let mut shell = command.stdin(Stdio::piped()).spawn()?;
            let mut input = shell.stdin.take().context("a pipe was asked for")?;
            for line in lines {
                say!("    / # {}", line.join(" "))?;
                writeln!(input, "{}", line.join(" "))?;
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
    say!("")?;
    Ok(())
}

/// The command; `-it` needs a terminal, which a script has not.
fn command(line: &Line, root: &Path) -> Command {
    let mut command = Command::new(&line[0]);
    let words = line[1..].iter();
    command
        .args(words.map(|word| if word == "-it" { "-i" } else { word }))
        .current_dir(root);
    command
}

impl Background {
    /// Fails when a command has ended that should go on.
    fn check(&mut self) -> anyhow::Result<()> {
        for process in &mut self.0 {
            if let Some(status) = process.try_wait()? {
                bail!("what should go on in the background ended with {status}");
            }
        }
        Ok(())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        for process in &mut self.0 {
            interrupt(process);
            let begin = Instant::now();
            while matches!(process.try_wait(), Ok(None)) && begin.elapsed() < PATIENCE {
                sleep(Duration::from_millis(50));
            }
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// As Ctrl-C does: `docker` passes that on, and stops its container, which it would leave behind
/// when killed.
#[cfg(unix)]
fn interrupt(process: &Child) {
    use nix::sys::signal::{Signal, kill};
    if let Ok(id) = i32::try_from(process.id()) {
        let _ = kill(nix::unistd::Pid::from_raw(id), Signal::SIGINT);
    }
}

#[cfg(not(unix))]
fn interrupt(_: &Child) {}
