//! What can be set, by flag or by variable.

use chassis::DatabaseSettings;
use clap::Args;

use crate::price::Factor;

/// What this service adds to the common settings.
#[derive(Args)]
pub struct Settings {
    /// Where the products are stored
    #[command(flatten)]
    pub(crate) database: DatabaseSettings,

    /// What each stored price is multiplied by
    #[arg(long, env, default_value = "1")]
    pub(crate) price_factor: Factor,
}
