//! A service's process, from its command line to its exit status.

pub(crate) mod command_line;
mod environment;
pub(crate) mod libpq;
mod probe;
mod sentence;
pub(crate) mod signal;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use crate::process::command_line::{Action, ServiceCommand, description, read};
use crate::process::sentence::sentence;
use crate::process::signal::signalled;
use crate::say;
use crate::server::Server;
use crate::start_error::StartError;
use crate::telemetry::{Program, Telemetry, log, tracer};

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

/// Writes to standard error why the program ends.
fn fail(name: &str, why: &dyn Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "{name}: {why}");
    ExitCode::FAILURE
}

/// Serves with `command`'s settings until `shutdown` is ready. `bound` is called once with the
/// server's addresses, before the first request.
pub fn start<S, F>(
    command: ServiceCommand<S>,
    shutdown: impl Future<Output = ()> + Send + 'static,
    bound: impl FnOnce(&Server) -> io::Result<()>,
    serve: impl FnOnce(S, Server) -> F,
) -> ExitCode
where
    F: Future<Output = Result<(), StartError>>,
{
    let name = command.name;
    let run = async {
        let settings = command.common;
        let program = Program {
            name,
            version: &settings.app_version,
            instance: &settings.pod_name,
        };
        let telemetry = Telemetry::start(&program, &settings.telemetry)?;
        log::start(settings.log_format, &settings.log, tracer().cloned());
        let server = Server::bind(settings, shutdown).await?;
        bound(&server).map_err(StartError::Runtime)?;
        let stopped = serve(command.service, server).await;
        // On a thread of its own, because it waits for the exporter, which needs the runtime's
        // threads.
        let _ = tokio::task::spawn_blocking(move || telemetry.stop()).await;
        stopped
    };
    match block_on(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if tracing::dispatcher::has_been_set() => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
        Err(error) => fail(name, &error),
    }
}

fn block_on(run: impl Future<Output = Result<(), StartError>>) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(StartError::Runtime)?;
    let stopped = runtime.block_on(run);
    runtime.shutdown_background(); // an export may hang
    stopped
}
