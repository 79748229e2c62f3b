//! The shop's database: its SQL, and what makes it in any PostgreSQL.
//!
//! `sql/` holds schema, data and roles once; the database image, docker compose, `cargo run` and the
//! tests all run those files. In the image, PostgreSQL itself does so at its first start. Elsewhere
//! it is [`ShopDatabase::create`], as a superuser of a server that is the shop's alone, with a role
//! for each API; or [`ShopDatabase::adopt`], in a database of the user's own, after a look at whether
//! it can hold the shop ([`Unfit`]).

mod adoption;
mod error;
mod shop_database;

pub use error::{Error, Unfit};
pub use shop_database::ShopDatabase;
