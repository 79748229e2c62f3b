//! Standard output, whose reader may be gone.
//!
//! `println!` panics when nobody reads it. [`say!`](crate::say) returns an error instead, which
//! reaches `main` like any other, so that everything that was started is stopped on the way.

use std::fmt;
use std::io::{self, Write, stdout};
use std::process::ExitCode;

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written: {0}")]
pub struct OutputError(io::Error);

impl OutputError {
    /// The exit status when nobody reads the output any more, such as after `head` has ended: that
    /// of a program which SIGPIPE ended (128 + 13), so that no script takes half an output for the
    /// whole. `None` for any other failure, such as a full disk, which must be reported.
    pub fn unread(&self) -> Option<ExitCode> {
        (self.0.kind() == io::ErrorKind::BrokenPipe).then(|| ExitCode::from(141))
    }
}

/// Writes to standard output and flushes it; [`say!`](crate::say) is the way to call it.
///
/// # Errors
/// When nobody reads the output, or it cannot be stored.
pub fn print(text: fmt::Arguments) -> Result<(), OutputError> {
    let mut output = stdout().lock();
    let written = output.write_fmt(text).and_then(|()| output.flush());
    written.map_err(OutputError)
}

/// Prints a line as `println!` does, and returns an [`OutputError`] where `println!` would panic.
#[macro_export]
macro_rules! say {
    ($($line:tt)*) => {
        $crate::print(format_args!("{}\n", format_args!($($line)*)))
    };
}
