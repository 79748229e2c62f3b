//! What the three services of the shop share; the command of the shop uses some of it, too.
//!
//! A service is a function `serve(settings, server)`. [`main`] reads the settings from the
//! environment, opens the log, binds a [`Server`] and calls it; the service builds its `Router` and
//! hands it to [`Server::run`] (or [`Server::run_api`]), which serves until the signal to stop,
//! drains, and returns. Data flows one way: settings → router → handler → one query ([`Database`])
//! or one call ([`Client`]) → an answer, or a [`Problem`]. Each request, call and query is a span
//! of one trace, which [`propagation`] carries from service to service.
//!
//! Each module imports only from those below it:
//!
//! | module | holds |
//! | --- | --- |
//! | `process` | `main`: command line, environment, signals, exit status, `probe` |
//! | `server` | two ports, limits, stop, metrics, the answers' headers |
//! | `client`, `database` | calls of other services, statements; each with a deadline |
//! | `settings` | those that every service has, telemetry's among them |
//! | `telemetry` | spans, their export, the log |
//! | `propagation` | which trace a request belongs to, and which headers its calls carry on |
//! | the files beside them | what all modules share: headers, problems, readiness, durations |
//!
//! The features `client`, `database` and `openapi` are for services that call other services, query
//! a database or describe their API; `database-tls` is for a database that demands TLS. The chassis
//! knows nothing of products or stock.

mod authority;
mod cause;
#[cfg(feature = "client")]
mod client;
mod colour;
mod completion;
#[cfg(feature = "database")]
mod database;
mod duration;
mod headers;
#[cfg_attr(
    not(feature = "client"),
    expect(dead_code, reason = "the client alone uses some of the limits")
)]
mod open_files;
#[cfg(feature = "openapi")]
mod openapi;
mod output;
mod problem;
mod process;
pub mod propagation;
mod readiness;
mod server;
mod settings;
mod start_error;
mod telemetry;

pub use authority::authority;
#[cfg(feature = "client")]
pub use client::{Answer, Client, call::Call, error::CallError};
pub use colour::has_colour;
#[cfg(feature = "database")]
pub use database::{
    Database,
    capacity::connect,
    connect_error::ConnectError,
    error::DatabaseError,
    settings::DatabaseSettings,
    shared_read::SharedRead,
    statement::{Statement, Trial},
    url::database_url,
};
pub use duration::{milliseconds, seconds};
pub use headers::{ATTEMPT, CACHE_STATUS, CALLER, POD, SERVER_TIMING, VERSION};
pub use output::{OutputError, print};
pub use problem::Problem;
pub use process::command_line::ServiceCommand;
pub use process::libpq::without_variables as without_libpq_variables;
pub use process::signal::signalled;
pub use process::{main, start};
pub use propagation::forwarded::Forwarded;
pub use readiness::Readiness;
pub use server::Server;
pub use server::extract::{Json, Path};
pub use server::limits::Limits;
pub use server::metrics::Metrics;
pub use settings::Settings;
pub use start_error::StartError;
pub use telemetry::ids::trace_id;
pub use telemetry::log::LogFormat;
pub use telemetry::settings::TelemetrySettings;
pub use telemetry::span::{SPAN, cached};
