//! What the three services of the shop share, and nothing else.
//!
//! A service is a function `serve(settings, server)`. [`main`] reads the settings from the
//! environment, opens the log, binds a [`Server`] and calls it; the service builds its `Router`
//! and hands it to [`Server::run`] (or [`Server::run_api`]), which serves until the signal to
//! stop, drains, and returns. Data flows one way: settings → router → handler → one query
//! ([`Database`]) or one call ([`Client`]) → an answer, or a [`Problem`]. On the way each request,
//! call and query is a span of one trace: [`propagation`] is how it goes from service to service.
//!
//! The chassis knows nothing of products or stock.

mod access;
mod answer_headers;
mod call;
mod client;
mod command;
mod connection;
mod database;
mod environment;
mod error;
mod extract;
mod libpq;
mod limits;
mod listen;
mod log;
mod management;
mod metrics;
mod open_files;
mod outcome;
mod output;
mod probe;
mod problem;
pub mod propagation;
mod server;
mod settings;
mod telemetry;
mod trace;
mod well_formed;

pub use answer_headers::{ATTEMPT, CALLER, POD, SERVER_TIMING, VERSION};
pub use call::{CACHE_STATUS, Call, milliseconds};
pub use client::{Answer, CallError, Client};
pub use command::{Command, main, signalled, start};
pub use database::{
    ConnectError, Database, DatabaseError, DatabaseSettings, Statement, Trial, connect,
    database_url,
};

pub use error::StartError;
pub use extract::{Json, Path};
pub use libpq::without_variables as without_libpq_variables;
pub use limits::limited;
pub use management::Waiting;
pub use metrics::Metrics;
pub use output::{OutputError, print};
pub use problem::Problem;
pub use server::Server;
pub use settings::{LogFormat, Settings, seconds};
pub use telemetry::TelemetrySettings;
pub use trace::{as_end_user, cached, end_user, request_id, trace_id};
pub use well_formed::authority;
