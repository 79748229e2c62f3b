//! A service of the shop as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;

/// A service's process; dropped, it stops.
pub struct ServiceProcess {
    /// Its standard input is what keeps it running.
    process: Child,
    /// The port of loopback on which it listens.
    pub port: u16,
}

impl ServiceProcess {
    /// How to start the service `name` on free ports of loopback. `program` is the `widgetario`
    /// command, `env!("CARGO_BIN_EXE_…")` of the test.
    pub fn command(program: &str, name: &str) -> Command {
        let mut command = Command::new(program);
        command
            .args(["service", name, "--listen-address=127.0.0.1"])
            .args(["--port=0", "--management-port=0"])
            // On a machine that runs many tests at once, a query may have to wait.
            .env("DATABASE_TIMEOUT_SECONDS", "10");
        command
    }

    /// Starts `command`, and waits until the service listens.
    pub fn start(command: &mut Command) -> Self {
        let (stdin, stdout) = (Stdio::piped(), Stdio::piped());
        let mut process = command.stdin(stdin).stdout(stdout).spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let addresses: Value = serde_json::from_str(&line).unwrap();
        let port = |address: &Value| address.as_str()?.rsplit(':').next()?.parse().ok();
        Self {
            process,
            port: port(&addresses["service"]).unwrap(),
        }
    }

    /// Stops the service, and waits for its end.
    pub fn stop(&mut self) -> ExitStatus {
        drop(self.process.stdin.take());
        self.process.wait().unwrap()
    }
}

impl Drop for ServiceProcess {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
