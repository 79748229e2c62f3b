//! What the shop sells and for how much.
//!
//! [`serve`] connects to the database and serves [`router`]: two reads of one table, each price
//! multiplied by `PRICE_FACTOR`. That factor is all that v1 and v2 differ in.

mod price;
mod products;

use chassis::{Database, DatabaseSettings, Server, StartError};
use clap::Args;

pub use price::Factor;
pub use products::router;

/// What this service adds to the common settings.
#[derive(Args)]
pub struct Settings {
    #[command(flatten)]
    database: DatabaseSettings,

    /// What each stored price is multiplied by
    #[arg(long, env, default_value = "1")]
    price_factor: Factor,
}

/// What the handlers work with.
#[derive(Clone)]
pub struct Shelf {
    /// Where the products are stored.
    pub database: Database,
    /// What their prices are multiplied by.
    pub price_factor: Factor,
}

/// Serves until `server` is told to stop.
///
/// # Errors
/// When a setting cannot be used.
pub async fn serve(settings: Settings, server: Server) -> Result<(), StartError> {
    let database = Database::new("products-api", &settings.database, &products::TRIALS)?;
    let answers = database.clone().answers(server.readiness());
    server.ready_when(answers);
    let shelf = Shelf {
        database,
        price_factor: settings.price_factor,
    };
    server.run_api(router(shelf)).await
}
