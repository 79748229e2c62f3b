//! What the command `ps` says of other processes.

use std::process::Command;

use nix::unistd::Pid;

/// What `ps` prints when it is called with `arguments`.
pub fn ps(arguments: &[&str]) -> String {
    let output = Command::new("ps").args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The value of the process `id` in `column`, such as "stat="; empty when there is no such process.
pub fn column(id: Pid, column: &str) -> String {
    let output = ps(&["-o", column, "-p", &id.to_string()]);
    output.trim().to_owned()
}
