//! What a program writes and how it ends, recorded by a thread that reads until no process is left
//! that could write.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::ChildStdout;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many of the last lines are kept.
const LINES: usize = 100;

/// A program's output and end, so far.
#[derive(Default)]
pub(crate) struct State {
    /// The last lines.
    pub(crate) lines: VecDeque<String>,
    /// The exit status.
    pub(crate) ended: Option<i32>,
    /// Whether neither the shell nor any process of the program is left.
    pub(crate) closed: bool,
}

/// The output of a program, shared with the thread that reads it.
pub(crate) struct Output {
    state: Mutex<State>,
    changed: Condvar,
}

impl Output {
    /// Reads `stdout`, and copies its lines to `log`. The shell writes the line `ended: STATUS`,
    /// with the program's exit status.
    pub(crate) fn read(stdout: ChildStdout, mut log: Option<File>) -> Arc<Self> {
        let output = Arc::new(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let reader = Arc::clone(&output);
        thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line).unwrap_or(0) > 0 {
                reader.note(&line, log.as_mut());
                line.clear();
            }
            reader.state().closed = true;
            reader.changed.notify_all();
        });
        output
    }

    fn note(&self, line: &[u8], log: Option<&mut File>) {
        let mut state = self.state();
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        if let Some(status) = text.strip_prefix("ended: ") {
            state.ended = status.parse().ok();
        } else if !text.is_empty() {
            if let Some(log) = log {
                let _ = log.write_all(line); // the disk may be full
            }
            state.lines.push_back(text.to_owned());
            if state.lines.len() > LINES {
                state.lines.pop_front();
            }
        }
        self.changed.notify_all();
    }

    /// The output and the end, as far as they are known.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `condition` holds, or nothing more can be written, or `timeout` has passed.
    pub(crate) fn wait(
        &self,
        timeout: Duration,
        condition: impl Fn(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        let is_waiting = |state: &mut State| !state.closed && !condition(state);
        let waited = self
            .changed
            .wait_timeout_while(self.state(), timeout, is_waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
