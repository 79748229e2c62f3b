//! `widgetario`: the shop on this machine, with one command.
//!
//! `up` starts a real PostgreSQL and one process a service, prints where each is, and stops them
//! all on Ctrl-C. The processes are this program again (`service`, hidden).

mod child;
mod download;
mod service;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Widgetario: a small shop that shows what a service mesh does
#[derive(Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    args_override_self = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    up: up::Options,
}

#[derive(Subcommand)]
enum Command {
    /// Start the shop on this machine (the default)
    Up(up::Options),

    /// Run one service until standard input closes
    #[command(hide = true)]
    Service(service::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.unwrap_or(Command::Up(cli.up)) {
        Command::Up(options) => up::run(options),
        Command::Service(options) => service::run(options),
    }
}
