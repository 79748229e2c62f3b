//! `widgetario up` as a user runs it, on Unix; each test with a data folder of its own.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod adoption;
mod disks;
mod end;
mod environment;
mod leftovers;
mod pooler;
mod refusals;
mod start;

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::unistd::Pid;
use testkit::up::Up;

/// How to start the shop with its data in `folder`.
fn up(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Up::command(env!("CARGO_BIN_EXE_widgetario"), folder);
    command.args(arguments).env("RUST_LOG", "warn");
    command
}

/// Starts the shop with its data in `folder`, and waits until it is open.
fn start_shop(folder: &Path, arguments: &[&str]) -> Up {
    Up::start(&mut up(folder, arguments))
}

/// PostgreSQL's process, as it says itself in the data `folder`.
fn postmaster(folder: &Path) -> Pid {
    let file = fs::read_to_string(folder.join("widgetario/database/postmaster.pid")).unwrap();
    Pid::from_raw(file.lines().next().unwrap().parse().unwrap())
}
