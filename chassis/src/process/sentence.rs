//! What is wrong with a setting, in one sentence: its variable, its value, and what is allowed.

use std::error::Error as _;
use std::ffi::{OsStr, OsString};

use clap::Arg;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Says in one line which variable or flag is wrong, its value, and what is allowed.
pub(super) fn sentence(
    error: &clap::Error,
    command: &clap::Command,
    arguments: &[OsString],
) -> String {
    let mut command = command.clone();
    command.build(); // only then are its arguments displayed as in errors
    let flag = context(error, ContextKind::InvalidArg);
    let setting = command
        .get_arguments()
        .find(|argument| argument.to_string() == flag);
    let name = setting.and_then(|setting| name(setting, arguments));
    let name = name.unwrap_or(flag);
    match error.kind() {
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let value = context(error, ContextKind::InvalidValue);
            // A password may stand before the `@` of an address.
            let is_secret = value.contains('@') || setting.is_some_and(Arg::is_hide_env_values_set);
            let value = if is_secret { "…" } else { &value };
            format!("{name}='{value}' is not allowed: {}", allowed(error))
        }
        ErrorKind::MissingRequiredArgument => {
            let variable = setting.and_then(Arg::get_env).map(OsStr::to_string_lossy);
            let variable = variable.unwrap_or(name.into());
            format!("{variable} is not set; `--help` lists the settings")
        }
        ErrorKind::InvalidUtf8 => {
            let name = not_utf8(&command, arguments);
            format!("{name}='…' is not allowed: its value is not UTF-8")
        }
        _ => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.trim_start_matches("error: ").to_owned()
        }
    }
}

/// What clap says of an error besides its kind.
fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

/// The values that a setting takes, in the words of its own parser or in clap's.
fn allowed(error: &clap::Error) -> String {
    match error.source() {
        Some(source) => source.to_string(),
        None => context(error, ContextKind::ValidValue),
    }
}

/// The first flag or variable that is not UTF-8: clap does not say which one it is.
fn not_utf8(command: &clap::Command, arguments: &[OsString]) -> String {
    let mut given = arguments.iter().filter(|text| text.to_str().is_none());
    let mut variables = command.get_arguments().filter_map(Arg::get_env);
    let is_set =
        |name: &&OsStr| std::env::var_os(name).is_some_and(|value| value.to_str().is_none());
    let name = match given.next() {
        Some(flag) => flag,
        None => variables.find(is_set).unwrap_or_default(),
    };
    let name = name.to_string_lossy();
    name.split('=').next().unwrap_or_default().to_owned()
}

/// What the user calls a setting: its flag, if that was given, or else its variable.
fn name(setting: &Arg, arguments: &[OsString]) -> Option<String> {
    let flag = format!("--{}", setting.get_long()?);
    let is_given = |argument: &OsString| {
        let text = argument.to_string_lossy();
        let rest = text.strip_prefix(&flag);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    if arguments.iter().any(is_given) {
        return Some(flag);
    }
    Some(setting.get_env()?.to_str()?.to_owned())
}
