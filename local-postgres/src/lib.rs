//! A real PostgreSQL that needs no installation: a program starts it as a process of its own, and
//! it ends with that program, `kill -9` included.
//!
//! [`installation`] downloads PostgreSQL's programs, once for this user. [`Server::start`] makes
//! the data's folder with `initdb`, unless it is there, starts the server on a free port of
//! 127.0.0.1, and returns once it takes connections; [`Server::superuser`] is the URL that leads to
//! it. A second process, the watchdog, waits for a pipe from this process to close, and then stops
//! the server. What goes wrong is an [`Error`], a sentence with the remedy.
//!
//! The library knows no table and no role. However, its folders are called `widgetario`, and its
//! errors name flags and variables of `widgetario up`: people who run that read them.
//!
//! # Why not `postgresql_embedded`?
//!
//! That crate downloads and starts PostgreSQL, too, and we began with it. We left it because
//!
//! - it starts the server with `fsync` off: a computer that loses its power may lose the data;
//! - it cannot change the user, and PostgreSQL refuses to run as root, as whom programs in a
//!   container or in CI often run;
//! - its TLS features spread: cargo builds a dependency once for the whole workspace, so that the
//!   services, which need no TLS, were linked with a library for it.
//!
//! What our library lacks: any other version of PostgreSQL, extensions, and settings that a caller
//! chooses.

mod attempt;
mod data;
mod diagnosis;
mod error;
mod folders;
pub mod installation;
mod leftover;
mod lock;
mod remedy;
mod root;
mod server;
mod standby;
mod user;
mod watchdog;

pub use attempt::rename;
pub use error::Error;
pub use folders::{cache as cache_folder, data as data_folder};
pub use remedy::remedy;
pub use server::Server;
