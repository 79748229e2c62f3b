//! Text for people, beside the JSON that is written for programs.

use std::io::{self, Write};
use std::process::Stdio;

use chassis::OutputError;

/// Writes sentences to standard output, or to standard error where standard output is for JSON.
#[derive(Clone, Copy)]
pub(crate) struct Prose {
    /// Whether standard output is for JSON alone.
    pub(crate) beside_json: bool,
}

impl Prose {
    /// Writes a line.
    ///
    /// # Errors
    /// When nobody reads standard output any more.
    pub(crate) fn line(self, text: &str) -> Result<(), OutputError> {
        self.text(&format!("{text}\n"))
    }

    /// Writes `text` as it is.
    ///
    /// # Errors
    /// See [`Prose::line`].
    pub(crate) fn text(self, text: &str) -> Result<(), OutputError> {
        if self.beside_json {
            // The JSON is the result, so the command goes on when nobody reads the text.
            let _ = io::stderr().write_all(text.as_bytes());
            return Ok(());
        }
        chassis::print(format_args!("{text}"))
    }

    /// Where a command that is shown writes its output.
    pub(crate) fn of_commands(self) -> Stdio {
        if self.beside_json {
            io::stderr().into()
        } else {
            Stdio::inherit()
        }
    }
}
