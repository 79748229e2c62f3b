//! What tests start: a database, a service, Envoy, a browser.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

pub mod chromium;
pub mod database;
pub mod envoy;
#[cfg(unix)]
pub mod frozen;
pub mod openapi;
pub mod port;
pub mod problem;
pub mod process;
#[cfg(unix)]
pub mod ps;
pub mod service;
#[cfg(unix)]
pub mod up;
pub mod wait;
