//! What one program writes, given to another or to a file, with a bar that shows how much went through.

use std::fs::File;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar for about `bytes`, on standard error; none where that is no terminal.
pub(super) fn bar(what: &str, bytes: u64) -> anyhow::Result<ProgressBar> {
    let style = "{msg}  {bar:30} {decimal_bytes} of {decimal_total_bytes}, {elapsed}";
    let bar = ProgressBar::new(bytes).with_style(ProgressStyle::with_template(style)?);
    Ok(bar.with_message(what.to_owned()))
}

/// Runs `source`, and `sink` with what it writes, until both have ended.
///
/// # Errors
/// When one of them cannot be started or fails: with its own last words.
pub(super) fn pipe(source: Command, sink: Command, bar: &ProgressBar) -> anyhow::Result<()> {
    let mut source = Running::start(source, Stdio::null(), Stdio::piped())?;
    let mut sink = Running::start(sink, Stdio::piped(), Stdio::null())?;
    let from = source.process.stdout.take().context("it is piped")?;
    let mut to = sink.process.stdin.take().context("it is piped")?;
    let copied = io::copy(&mut bar.wrap_read(from), &mut to);
    drop(to);
    // When the source fails, the sink misses the rest; when the sink fails, the source cannot write.
    let (source, sink) = (source.end(), sink.end());
    if copied.is_ok() {
        source.and(sink)
    } else {
        sink.and(source)
    }
}

/// Gives all of `file` to `sink`, until that has ended.
///
/// # Errors
/// When `sink` cannot be started or fails: with its own last words.
pub(super) fn read(file: impl Read, sink: Command, bar: &ProgressBar) -> anyhow::Result<()> {
    let mut sink = Running::start(sink, Stdio::piped(), Stdio::null())?;
    let mut to = sink.process.stdin.take().context("it is piped")?;
    let copied = io::copy(&mut bar.wrap_read(file), &mut to);
    drop(to);
    sink.end()?;
    copied?;
    Ok(())
}

/// Writes what `source` writes into `file`, and returns how many bytes that were.
///
/// # Errors
/// When `source` cannot be started or fails: with its own last words. Also when the disk is full.
pub(super) fn write(source: Command, file: &mut File, bar: &ProgressBar) -> anyhow::Result<u64> {
    let mut source = Running::start(source, Stdio::null(), Stdio::piped())?;
    let from = source.process.stdout.take().context("it is piped")?;
    // In case of an error this closes the pipe, so that the source ends.
    let bytes = io::copy(&mut bar.wrap_read(from), file)?;
    source.end()?;
    Ok(bytes)
}

/// A program, and what it writes to standard error.
struct Running {
    name: String,
    process: Child,
    complaints: JoinHandle<String>,
}

impl Running {
    fn start(mut command: Command, input: Stdio, output: Stdio) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let command = command.stdin(input).stdout(output).stderr(Stdio::piped());
        let mut process = command.spawn().with_context(|| {
            format!("`{name}` cannot be started: is it installed, and on PATH?")
        })?;
        let pipe = process.stderr.take();
        let complaints = thread::spawn(move || {
            let mut text = Vec::new();
            // What was read until an error is all that can be shown of it.
            let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut text));
            String::from_utf8_lossy(&text).trim().to_owned()
        });
        Ok(Self {
            name,
            process,
            complaints,
        })
    }

    fn end(mut self) -> anyhow::Result<()> {
        let status = self.process.wait()?;
        let complaints = self.complaints.join().unwrap_or_default();
        if !status.success() {
            bail!("{}: {complaints} ({status})", self.name);
        }
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        shell
    }

    fn piped(source: &str, sink: &str) -> anyhow::Result<()> {
        pipe(shell(source), shell(sink), &ProgressBar::hidden())
    }

    #[test]
    fn whoever_fails_first_is_named_with_its_last_words() {
        piped("echo image", "test $(cat) = image").expect("both succeed");
        let error = piped(
            "echo no such image >&2; exit 1",
            "cat; echo short >&2; exit 1",
        );
        assert!(
            error
                .expect_err("it fails")
                .to_string()
                .starts_with("sh: no such image")
        );
        let endless = "exec cat /dev/zero 2>/dev/null";
        let error = piped(endless, "echo disk full >&2; exit 1").expect_err("it fails");
        assert!(error.to_string().starts_with("sh: disk full"), "{error}");
    }
}
