//! The settings that every service has, read from the environment (or the same-named flags).

use std::net::IpAddr;
use std::time::Duration;

use clap::Args;
use tracing_subscriber::filter::Targets;

use crate::duration::seconds;
use crate::telemetry::log::LogFormat;
use crate::telemetry::settings::TelemetrySettings;

/// Where a service listens, what it calls itself and how it logs.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct Settings {
    /// Address to listen on [default: all of this machine, IPv6 and IPv4]
    #[arg(long, env, value_parser = listen_address)]
    pub listen_address: Option<IpAddr>,

    /// Port of the service; 0 takes a free one
    #[arg(long, env, default_value = "8080", value_parser = port)]
    pub port: u16,

    /// Port of /livez, /readyz and /metrics; 0 takes a free one
    #[arg(long, env, default_value = "9090", value_parser = port)]
    pub management_port: u16,

    /// How long to go on serving after SIGTERM, with /readyz at 503, until no caller sends any more
    #[arg(long, env = "DRAIN_SECONDS", default_value = "0", value_parser = seconds::<0, 300_000>)]
    pub drain: Duration,

    /// Version that the answers and the page state
    #[arg(long, env, default_value = "v1")]
    pub app_version: String,

    /// Pod that the answers state
    #[arg(long, env, default_value = "localhost")]
    pub pod_name: String,

    /// Log lines for people (text) or machines (json)
    #[arg(long, env, value_enum, default_value = "text")]
    pub log_format: LogFormat,

    /// What to log: a level, and levels of targets, such as info,sqlx=warn
    #[arg(long, env = "RUST_LOG", default_value = "info", value_parser = targets)]
    pub log: Targets,

    /// How the service takes part in traces
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

fn targets(text: &str) -> Result<Targets, &'static str> {
    text.parse()
        .map_err(|_| "levels and targets, such as info or info,sqlx=warn")
}

fn listen_address(text: &str) -> Result<IpAddr, &'static str> {
    text.parse()
        .map_err(|_| "an IP address, such as 127.0.0.1 or ::1")
}

fn port(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| "a port number from 0 to 65535".into())
}
