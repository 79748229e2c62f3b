//! Standard output, whose reader may be gone.
//!
//! `println!` panics then. [`say!`](crate::say) returns an error instead, which goes up to `main` as
//! any other, so that whatever was begun is ended on the way.

use std::fmt;
use std::io::{self, Write, stdout};
use std::process::ExitCode;

/// Standard output takes nothing more.
#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written: {0}")]
pub struct OutputError(io::Error);

impl OutputError {
    /// The status to end with where nobody reads any more, as `head` leaves it: that of a program
    /// which SIGPIPE ended (128 + 13), so that no script takes half an output for a whole one. None
    /// after a failure that somebody should hear of, such as a full disk.
    pub fn unread(&self) -> Option<ExitCode> {
        (self.0.kind() == io::ErrorKind::BrokenPipe).then(|| ExitCode::from(141))
    }
}

/// Writes to standard output, at once; [`say!`](crate::say) is the way to call it.
///
/// # Errors
/// When nobody reads it, or it cannot be stored.
pub fn print(text: fmt::Arguments) -> Result<(), OutputError> {
    let mut output = stdout().lock();
    let written = output.write_fmt(text).and_then(|()| output.flush());
    written.map_err(OutputError)
}

/// Prints a line as `println!` does, and returns an [`OutputError`] where that
/// would panic.
#[macro_export]
macro_rules! say {
    ($($line:tt)*) => {
        $crate::print(format_args!("{}\n", format_args!($($line)*)))
    };
}
