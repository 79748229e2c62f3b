//! The shop's database: its SQL, and what makes it in any PostgreSQL.
//!
//! `sql/` holds schema, data and roles once; the database image, docker compose, `cargo run` and
//! the tests all run those files. For the last two, [`Shop`] makes the database; [`test`](mod@test)
//! gives each test a copy.

mod adoption;
mod error;
mod shop;
pub mod test;

pub use error::{Error, Unfit};
pub use shop::Shop;
