//! How many of each product are left, and selling them.
//!
//! [`serve`] connects to the database and serves [`router`]. Reads go through a cache of
//! `CACHE_EXPIRY_SECONDS`; writes go to the database, one atomic statement each, and make this
//! process forget what it had cached. Another replica may answer with its own, older, copy.

mod cache;
mod quantity;
mod stock;

use std::time::Duration;

use chassis::{Database, DatabaseSettings, Metrics, Server, StartError, seconds};
use clap::Args;
use prometheus_client::metrics::counter::Counter;

pub use cache::Cache;
pub use stock::router;

/// What this service adds to the common settings.
#[derive(Args)]
pub struct Settings {
    #[command(flatten)]
    database: DatabaseSettings,

    /// How old an answer may be; 0 asks the database each time
    #[arg(long, env = "CACHE_EXPIRY_SECONDS", default_value = "45", value_parser = seconds::<0, 86_400_000>)]
    cache_expiry: Duration,
}

/// What the handlers work with.
#[derive(Clone)]
pub struct Warehouse {
    /// Where the stock is stored.
    pub database: Database,
    /// What was read of it lately.
    pub cache: Cache,
    /// How many widgets this process sold.
    pub sold: Counter,
}

/// Serves until `server` is told to stop.
///
/// # Errors
/// When a setting cannot be used.
pub async fn serve(settings: Settings, server: Server) -> Result<(), StartError> {
    let database = Database::new("stock-api", &settings.database, &stock::TRIALS)?;
    let answers = database.clone().answers(server.readiness());
    server.ready_when(answers);
    let warehouse = Warehouse {
        database,
        cache: Cache::new(settings.cache_expiry),
        sold: sold(server.metrics()),
    };
    server.run_api(router(warehouse)).await
}

fn sold(metrics: &Metrics) -> Counter {
    let sold = Counter::default();
    metrics.register(
        "widgetario_sold",
        "Widgets sold by this process",
        sold.clone(),
    );
    sold
}
