//! The log: one line an event on standard error, for people or for machines.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::{LogFormat, Settings};

/// Starts the log of this process.
///
/// Colours follow the terminal, `NO_COLOR` and `CLICOLOR_FORCE` (<https://bixense.com/clicolors/>).
///
/// # Errors
/// When `RUST_LOG` is no filter.
pub(crate) fn start(settings: &Settings) -> Result<(), ParseError> {
    let filter = EnvFilter::builder().parse(&settings.log)?;
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let colour = !set("NO_COLOR") && (set("CLICOLOR_FORCE") || stderr().is_terminal());
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_target(false);
    match settings.log_format {
        LogFormat::Text => log.with_ansi(colour).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}
