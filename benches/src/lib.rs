//! What a request costs: the benchmarks' services, what they are compared with, and who asks them.
//!
//! A benchmark runs one service, ours or the same answer by axum alone ([`bare`]), in the process
//! that is measured. All others are processes of their own: who asks, the services that it calls,
//! the collector ([`peer`]), and PostgreSQL.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a benchmark may panic"
)]

pub mod bare;
pub mod client;
pub mod ours;
pub mod peer;
