//! The shop's database: its SQL, and how it is made in any PostgreSQL.
//!
//! `sql/` holds schema, data and roles once; the database image, docker compose, `cargo run` and
//! the tests all run those files. In the image, PostgreSQL itself does so at its first start.
//! Elsewhere [`ShopDatabase::create`] does so, as a superuser of a server that only the shop uses,
//! with a role for each API; or [`ShopDatabase::adopt`], in a database of the user's own, after a
//! check that it can hold the shop ([`Unfit`]).

mod adoption;
mod error;
mod shop_database;

pub use error::{Error, Unfit};
pub use shop_database::ShopDatabase;
