//! What can be set, by flag or by variable.

use std::time::Duration;

use chassis::{DatabaseSettings, seconds};
use clap::Args;

/// What this service adds to the common settings.
#[derive(Args)]
pub struct Settings {
    /// Where the stock is stored
    #[command(flatten)]
    pub(crate) database: DatabaseSettings,

    /// How old an answer may be; 0 asks the database each time
    #[arg(long, env = "CACHE_EXPIRY_SECONDS", default_value = "45", value_parser = seconds::<0, 86_400_000>)]
    pub(crate) cache_expiry: Duration,
}
