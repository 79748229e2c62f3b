//! The shop's database: its SQL, and a real PostgreSQL that needs no installation.
//!
//! `sql/` holds schema, data and roles once; the database image, docker compose, `cargo run` and
//! the tests all run those files. For the last two, [`Server`] starts PostgreSQL as this user's own
//! process: the binaries come from Maven Central, once ([`installation`]); [`Shop`] makes the
//! database in it; [`test`](mod@test) gives each test a copy.

mod adoption;
mod attempt;
mod error;
pub mod installation;
mod leftover;
mod remedy;
mod server;
mod shop;
pub mod test;
mod user;
mod watchdog;

pub use adoption::Unfit;
pub use error::Error;
pub use server::Server;
pub use shop::Shop;
