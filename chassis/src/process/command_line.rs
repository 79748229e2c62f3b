//! A service's command line: settings, `--help`, and the `probe` subcommand.

use std::ffi::OsString;

use clap::{Args, FromArgMatches};

use crate::process::environment;
use crate::process::probe::Probe;
use crate::process::sentence::sentence;
use crate::settings::Settings;

/// The parsed command line of a service with the settings `S`.
pub struct ServiceCommand<S> {
    /// What the service is called.
    pub(super) name: &'static str,
    /// What every service has.
    pub common: Settings,
    /// What this service adds.
    pub service: S,
}

/// What a command line asks for.
pub(super) enum Action<S> {
    Serve(Box<ServiceCommand<S>>),
    Probe(Probe),
}

impl<S: Args> ServiceCommand<S> {
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

/// The flags, their variables, and the help of the service `name`.
pub(super) fn description<S: Args>(name: &'static str) -> clap::Command {
    let command = Settings::augment_args(S::augment_args(clap::Command::new(name)));
    let command = command
        .version(env!("CARGO_PKG_VERSION"))
        .about("A service of the Widgetario shop. Every flag can be set by the variable beside it.")
        .args_override_self(true)
        .subcommand_negates_reqs(true)
        // OpenTelemetry's specification demands this for its variables.
        .mut_args(|arg| arg.ignore_case(true));
    command.subcommand(Probe::augment_args(
        clap::Command::new(Probe::NAME).about(Probe::ABOUT),
    ))
}

/// Reads `arguments`, which begin with the program's name.
///
/// # Errors
/// What is wrong with them, or the help that they ask for.
pub(super) fn read<S: Args>(
    name: &'static str,
    command: &clap::Command,
    arguments: &[OsString],
) -> Result<Action<S>, clap::Error> {
    let matches = environment::read(command, arguments)?;
    Ok(match matches.subcommand() {
        Some((_, probe)) => Action::Probe(Probe::from_arg_matches(probe)?),
        None => Action::Serve(Box::new(ServiceCommand {
            name,
            common: Settings::from_arg_matches(&matches)?,
            service: S::from_arg_matches(&matches)?,
        })),
    })
}
