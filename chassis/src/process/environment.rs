//! Turns the variables that matter into flags, before any value is checked.
//!
//! White space around a value is not part of it, and an empty value counts as none. A variable that
//! would change nothing may be meant for another program, so it is left out and never checked.

use std::ffi::{OsStr, OsString};

use clap::builder::{Resettable, ValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};

use crate::telemetry::settings::TelemetrySettings;

/// Reads `arguments`, which begin with the program's name, and the variable of each setting that
/// they leave out. A subcommand reads no variables.
///
/// # Errors
/// What is wrong with them, or the help that they ask for.
pub(crate) fn read(
    command: &clap::Command,
    arguments: &[OsString],
) -> Result<ArgMatches, clap::Error> {
    // Parsed twice: first with any text as a value, to learn which settings are given; then with
    // the variables that matter as flags, and with each value checked.
    let unchecked = |arg: Arg| arg.value_parser(ValueParser::os_string());
    let matches = command.clone().ignore_errors(true).mut_args(unchecked);
    let Ok(matches) = matches.try_get_matches_from(arguments) else {
        return command.clone().try_get_matches_from(arguments); // help, which names the variables
    };
    let mut all = arguments.to_vec();
    if matches.subcommand().is_none() {
        all.splice(1..1, flags(command, &matches));
    }
    let command = command.clone();
    let command = command.mut_args(|arg| arg.env(Resettable::Reset));
    command.try_get_matches_from(all)
}

/// A flag for each variable that matters.
fn flags(command: &clap::Command, matches: &ArgMatches) -> Vec<OsString> {
    let source = |arg: &Arg| matches.value_source(arg.get_id().as_str());
    let value = |arg: &Arg| {
        let value = matches.get_raw(arg.get_id().as_str())?.next_back()?;
        Some(trimmed(value)).filter(|value| !value.is_empty())
    };
    let by_variable = |name: &str| {
        let mut settings = command.get_arguments();
        let setting = settings.find(|arg| arg.get_env() == Some(OsStr::new(name)))?;
        Some(value(setting)?.to_string_lossy().into_owned())
    };
    let flag = |arg: &Arg| {
        let variable = arg.get_env()?.to_str()?;
        let is_variable = source(arg) == Some(ValueSource::EnvVariable);
        let counts = is_variable && TelemetrySettings::uses(variable, &by_variable);
        let mut flag = OsString::from(format!("--{}=", arg.get_long()?));
        flag.push(value(arg).filter(|_| counts)?);
        Some(flag)
    };
    command.get_arguments().filter_map(flag).collect()
}

fn trimmed(value: &OsStr) -> OsString {
    match value.to_str() {
        Some(text) => text.trim().into(),
        None => value.to_owned(),
    }
}
