//! Where the database is, and how long to wait for it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sqlx::postgres::PgConnectOptions;

use crate::database::url::database_url;
use crate::duration::seconds;
use crate::start_error::StartError;

/// Where the database is and how long to wait for it.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// The database, as `postgres://role@host:5432/widgetario`
    #[arg(long, env, hide_env_values = true, value_parser = database_url)]
    database_url: PgConnectOptions,

    /// File that holds the role's password and nothing else
    #[arg(long, env)]
    database_password_file: Option<PathBuf>,

    /// Deadline of each answer of the database
    #[arg(long, env = "DATABASE_TIMEOUT_SECONDS", default_value = "0.5", value_parser = seconds::<50, 10_000>)]
    pub(super) database_timeout: Duration,
}

impl DatabaseSettings {
    /// How to connect as the service `name`.
    ///
    /// # Errors
    /// When the password file cannot be read.
    pub(super) fn options(&self, name: &str) -> Result<PgConnectOptions, StartError> {
        let options = self.database_url.clone().application_name(name);
        let Some(path) = &self.database_password_file else {
            return Ok(options);
        };
        let password =
            std::fs::read_to_string(path).map_err(|source| StartError::PasswordFile {
                path: path.clone(),
                source,
            })?;
        Ok(options.password(password.trim_end()))
    }
}
