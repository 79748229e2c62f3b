//! The chassis' reads of a real PostgreSQL.
#![cfg(feature = "database")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod shared_read;
