//! A service of the shop as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A service's process; its standard input is what keeps it running.
pub(crate) struct Service {
    process: Child,
    /// Where it listens.
    pub(crate) port: u16,
}

impl Service {
    /// Starts the service `name` with `arguments` and `environment`.
    pub(crate) fn start(name: &str, arguments: &[String], environment: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_widgetario"))
            .args([
                "service",
                name,
                "--listen-address=127.0.0.1",
                "--port=0",
                "--management-port=0",
            ])
            .args(arguments)
            .env("DATABASE_TIMEOUT_SECONDS", "10")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
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
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
