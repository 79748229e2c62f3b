//! A service's command line: settings, `--help`, and the `probe` subcommand.

use std::error::Error as _;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, FromArgMatches};
use tokio::signal;

use crate::probe::Probe;
use crate::telemetry::Telemetry;
use crate::{Server, Settings, StartError, environment, libpq, log, say};

/// The parsed command line of a service with the settings `S`.
pub struct Command<S> {
    /// What the service is called.
    name: &'static str,
    /// What every service has.
    pub common: Settings,
    /// What this service adds.
    pub service: S,
}

enum Action<S> {
    Serve(Box<Command<S>>),
    Probe(Probe),
}

impl<S: Args> Command<S> {
    /// Reads the settings of the service `name` from `arguments` (without the program's own name)
    /// and, for what they leave out, from the environment.
    ///
    /// # Errors
    /// One sentence that names the variable, its value and what is allowed.
    pub fn parse<A: Into<OsString> + Clone>(
        name: &'static str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self, String> {
        let arguments = arguments.into_iter().map(Into::into);
        let arguments: Vec<OsString> = std::iter::once(name.into()).chain(arguments).collect();
        let command = description::<S>(name);
        match read(name, &command, &arguments) {
            Ok(Action::Serve(settings)) => Ok(*settings),
            Ok(Action::Probe(_)) => Err("`probe` is a command of its own".into()),
            Err(error) => Err(sentence(&error, &command, &arguments)),
        }
    }
}

/// Runs a service from its `main`: reads the command line, then serves until SIGINT or SIGTERM,
/// or probes an address.
///
/// Ends with status 0 after a stop, 1 when it failed, 2 when a setting is wrong.
pub fn main<S, F>(name: &'static str, serve: impl FnOnce(S, Server) -> F) -> ExitCode
where
    S: Args,
    F: Future<Output = Result<(), StartError>>,
{
    if let Err(status) = libpq::without_variables() {
        return status;
    }
    let command = description::<S>(name);
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match read(name, &command, &arguments) {
        Ok(Action::Serve(settings)) => start(*settings, signalled(), |_| Ok(()), serve),
        Ok(Action::Probe(probe)) => probe.run(),
        Err(text) if !text.use_stderr() => match say!("{text}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => error.unread().unwrap_or_else(|| fail(name, &error)),
        },
        Err(error) => {
            fail(name, &sentence(&error, &command, &arguments));
            ExitCode::from(2)
        }
    }
}

/// Says why the program ends, if anybody reads it.
fn fail(name: &str, why: &dyn Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "{name}: {why}");
    ExitCode::FAILURE
}

/// Serves with `command`'s settings until `shutdown` is ready. `bound` is called once with the
/// server's addresses, before the first request.
pub fn start<S, F>(
    command: Command<S>,
    shutdown: impl Future<Output = ()> + Send + 'static,
    bound: impl FnOnce(&Server) -> io::Result<()>,
    serve: impl FnOnce(S, Server) -> F,
) -> ExitCode
where
    F: Future<Output = Result<(), StartError>>,
{
    let name = command.name;
    let run = async {
        let telemetry = Telemetry::start(name, &command.common)?;
        log::start(&command.common, telemetry.tracer());
        let server = Server::bind(command.common, shutdown).await?;
        bound(&server).map_err(StartError::Runtime)?;
        let stopped = serve(command.service, server).await;
        // On a thread of its own, because it waits for the exporter, which needs the runtime's.
        let _ = tokio::task::spawn_blocking(move || telemetry.stop()).await;
        stopped
    };
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(StartError::Runtime)
        .and_then(|runtime| {
            let outcome = runtime.block_on(run);
            runtime.shutdown_background(); // an export may hang
            outcome
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if tracing::dispatcher::has_been_set() {
                tracing::error!("{error}");
            } else {
                fail(name, &error);
            }
            ExitCode::FAILURE
        }
    }
}

fn description<S: Args>(name: &'static str) -> clap::Command {
    let settings = Settings::augment_args(S::augment_args(clap::Command::new(name)));
    let settings = settings
        .version(env!("CARGO_PKG_VERSION"))
        .about("A service of the Widgetario shop. Every flag can be set by the variable beside it.")
        .args_override_self(true)
        .subcommand_negates_reqs(true)
        // As OpenTelemetry's specification has it for its own.
        .mut_args(|arg| arg.ignore_case(true));
    settings.subcommand(Probe::augment_args(
        clap::Command::new(Probe::NAME).about(Probe::ABOUT),
    ))
}

fn read<S: Args>(
    name: &'static str,
    command: &clap::Command,
    arguments: &[OsString],
) -> Result<Action<S>, clap::Error> {
    let matches = environment::read(command, arguments)?;
    Ok(match matches.subcommand() {
        Some((_, probe)) => Action::Probe(Probe::from_arg_matches(probe)?),
        None => Action::Serve(Box::new(Command {
            name,
            common: Settings::from_arg_matches(&matches)?,
            service: S::from_arg_matches(&matches)?,
        })),
    })
}

/// Says in one line which variable or flag is wrong, its value, and what is allowed.
fn sentence(error: &clap::Error, command: &clap::Command, arguments: &[OsString]) -> String {
    let mut command = command.clone();
    command.build(); // or its arguments cannot be written as errors write them
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let flag = context(ContextKind::InvalidArg);
    let mut settings = command.get_arguments();
    let setting = settings.find(|argument| argument.to_string() == flag);
    let name = setting.and_then(|setting| name(setting, arguments));
    let name = name.unwrap_or(flag);
    let allowed = match error.source() {
        Some(source) => source.to_string(),
        None => context(ContextKind::ValidValue),
    };
    match error.kind() {
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let value = context(ContextKind::InvalidValue);
            // A password may stand before the `@` of an address.
            let secret =
                value.contains('@') || setting.is_some_and(clap::Arg::is_hide_env_values_set);
            let value = if secret { "…" } else { &value };
            format!("{name}='{value}' is not allowed: {allowed}")
        }
        ErrorKind::MissingRequiredArgument => {
            let variable = setting
                .and_then(clap::Arg::get_env)
                .map(OsStr::to_string_lossy);
            let variable = variable.unwrap_or(name.into());
            format!("{variable} is not set; `--help` lists the settings")
        }
        ErrorKind::InvalidUtf8 => {
            let is_no_text = |text: &&OsStr| text.to_str().is_none();
            let mut given = arguments.iter().map(OsString::as_os_str).filter(is_no_text);
            let variables = command.get_arguments().filter_map(clap::Arg::get_env);
            let mut variables = variables.filter(|name| {
                std::env::var_os(name).is_some_and(|value| is_no_text(&value.as_os_str()))
            });
            let name = given
                .next()
                .or_else(|| variables.next())
                .unwrap_or_default();
            let name = name.to_string_lossy();
            let name = name.split('=').next().unwrap_or_default();
            format!("{name}='…' is not allowed: its value is not UTF-8")
        }
        _ => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.trim_start_matches("error: ").to_owned()
        }
    }
}

/// What the user calls a setting: its flag, if that was given, or else its variable.
fn name(setting: &clap::Arg, arguments: &[OsString]) -> Option<String> {
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

/// Ready when the process is asked to stop: SIGINT, or SIGTERM where there is one.
pub async fn signalled() {
    #[cfg(unix)]
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<Option<()>>();
    tokio::select! {
        _ = signal::ctrl_c() => {}
        _ = terminated => {}
    }
}
