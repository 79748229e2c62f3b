//! The log: one line an event on standard error, for people or for machines.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::{LogFormat, Settings};

/// Starts the log of this process.
///
/// Colours follow the terminal, `NO_COLOR` and `CLICOLOR_FORCE` (<https://bixense.com/clicolors/>).
///
/// # Errors
/// When `RUST_LOG` is no filter.
pub(crate) fn start(settings: &Settings) -> Result<(), ParseError> {
    let filter: Targets = settings.log.parse()?;
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let colour = !set("NO_COLOR") && (set("CLICOLOR_FORCE") || stderr().is_terminal());
    let lines = fmt::layer().with_writer(stderr).with_target(false);
    let lines = match settings.log_format {
        LogFormat::Text => lines.with_ansi(colour).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .init();
    Ok(())
}
