//! Commands whose output nobody reads, or nothing stores.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{PipeWriter, pipe};
use std::process::{Command, ExitStatus, Output, Stdio};

use testkit::process::ServiceProcess;

const PROGRAM: &str = env!("CARGO_BIN_EXE_widgetario");

/// The exit status of a program that nobody reads: 128 + SIGPIPE, as a shell has it.
const UNREAD: Option<i32> = Some(141);

/// A pipe whose reader is gone.
fn unread() -> PipeWriter {
    pipe().unwrap().1
}

fn widgetario(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).stdin(Stdio::null());
    // A command that asks a cluster must fail, not reach the developer's.
    command.env("KUBECONFIG", "/nowhere").env("PATH", "");
    command
}

/// The commands that print without a cluster.
const COMMANDS: [&[&str]; 5] = [
    &["--help"],
    &["--version"],
    &["help", "run"],
    &["stages"],
    &["preflight"],
];

fn run(arguments: &[&str], stdout: impl Into<Stdio>) -> Output {
    let mut command = widgetario(arguments);
    command.stdout(stdout).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn command_that_nobody_reads_ends_without_a_word() {
    for arguments in COMMANDS {
        let output = run(arguments, unread());
        assert_eq!(output.status.code(), UNREAD, "{arguments:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
}

#[test]
fn closed_standard_error_changes_nothing() {
    let status = |arguments: &[&str], stdout: Stdio| -> ExitStatus {
        let mut command = widgetario(arguments);
        command.stdout(stdout).stderr(unread()).status().unwrap()
    };
    for arguments in COMMANDS {
        assert_eq!(status(arguments, unread().into()).code(), UNREAD);
    }
    let wrong = [
        (&["--wrong"][..], 2),
        (&["verify", "demo9/none"], 1),
        (&["service", "web", "--port=x"], 2),
    ];
    for (arguments, code) in wrong {
        let found = status(arguments, Stdio::null()).code();
        assert_eq!(found, Some(code), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_named() {
    for arguments in COMMANDS {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = run(arguments, full);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        let expected = "widgetario: standard output cannot be written: No space left on device";
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn service_whose_log_nobody_reads_goes_on_serving() {
    let mut service = ServiceProcess::start(
        ServiceProcess::command(PROGRAM, "web")
            .arg("--products-api-url=http://127.0.0.1:1")
            .stderr(unread()),
    );
    for _ in 0..3 {
        // The log has a line for each failed call.
        let request = ureq::get(format!("http://127.0.0.1:{}/api/shop", service.port));
        let request = request.config().http_status_as_error(false).build();
        assert_eq!(request.call().unwrap().status(), 503);
    }
    assert!(service.stop().success());
}
