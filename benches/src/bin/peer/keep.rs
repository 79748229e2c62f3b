//! A program that does not end by itself when its parent is killed.

use std::process::Command;

use crate::wait;

/// Runs `program`, prints its process id, and kills it when standard input ends.
pub(crate) fn run(program: &str, arguments: &[&str]) {
    let mut process = Command::new(program).args(arguments).spawn().unwrap();
    chassis::say!("{}", process.id()).unwrap();
    wait();
    process.kill().unwrap();
    process.wait().unwrap();
}
