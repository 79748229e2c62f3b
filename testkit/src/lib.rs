//! What tests start: a database, a service, Envoy, a browser.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

pub mod database;
pub mod problem;
pub mod service;
