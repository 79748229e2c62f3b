//! `widgetario`: the shop on this machine, and the walkthrough through Istio.
//!
//! `up` starts a real PostgreSQL and one process for each service, prints where each of them is, and
//! stops them all on Ctrl-C. The processes are this program again (`service`, which the help does not
//! list). Every other command is the [`walkthrough`]'s.

mod up;

use std::io::{self, Write};
use std::process::ExitCode;

use chassis::{OutputError, say};
use clap::{Parser, Subcommand};
use walkthrough::repository::eject;
use walkthrough::token::Token;
use walkthrough::{doctor, entrance, images, preflight, run, token, verify};

use self::up::service;

/// Widgetario: a small shop that shows what a service mesh does
#[derive(Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    args_override_self = true
)]
struct Cli {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    up: up::Options,
}

#[derive(Subcommand)]
enum Action {
    /// Start the shop on this machine (the default)
    Up(up::Options),

    /// List the stages of the walkthrough
    Stages,

    /// Show a stage of the walkthrough, run its commands, and verify it
    Run(run::Run),

    /// Measure what a stage claims; the exit status is 1 when a claim does not hold
    Verify(verify::Verify),

    /// Restore the stage before
    Undo(run::Undo),

    /// Check that this machine can show the walkthrough
    Preflight(preflight::Options),

    /// List the images of the walkthrough, and bring them to where they are needed
    Images(images::Images),

    /// Write the documents and manifests to a folder, to read and change them
    Eject(eject::Options),

    /// View the page once and explain, hop by hop, whether its trace links
    Doctor(doctor::Options),

    /// Print a token for Sign in, made with the demo's private key, which is public
    Token(Token),

    /// Keep a port of localhost open to the cluster until standard input closes
    #[command(hide = true)]
    PortForward(entrance::Options),

    /// Run one service until standard input closes
    #[command(hide = true)]
    Service(service::Options),
}

/// Runs the command that the arguments name; returns the status to end with.
pub fn main() -> ExitCode {
    if let Err(status) = chassis::without_libpq_variables() {
        return status;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(text) if !text.use_stderr() => {
            return ended(
                say!("{text}")
                    .map(|()| ExitCode::SUCCESS)
                    .map_err(Into::into),
            );
        }
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(2);
        }
    };
    ended(match cli.action.unwrap_or(Action::Up(cli.up)) {
        Action::Up(options) => up::run(options),
        Action::Service(options) => Ok(service::run(options)),
        Action::PortForward(options) => entrance::supervise(&options),
        Action::Preflight(options) => preflight::run(&options),
        Action::Stages => run::list(),
        Action::Run(options) => run::run(&options),
        Action::Verify(options) => verify::verify(&options),
        Action::Undo(options) => run::undo(&options),
        Action::Images(images) => images::run(&images),
        Action::Eject(options) => eject::run(&options),
        Action::Doctor(options) => doctor::run(&options),
        Action::Token(token) => token::print(&token),
    })
}

/// The exit status of `result`. An error is written to standard error, unless the error is that
/// nobody reads standard output.
fn ended(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        if let Some(unread) = error.downcast_ref().and_then(OutputError::unread) {
            return unread;
        }
        let _ = writeln!(io::stderr(), "widgetario: {error:#}");
        ExitCode::FAILURE
    })
}
