//! How many of each product are left, and selling them.
//!
//! [`serve`] connects to the database and serves [`router`]. Reads go through a cache of
//! `CACHE_EXPIRY_SECONDS`; writes go to the database, one atomic statement each, and make this
//! process forget what it had cached. Another replica may answer with its own, older, copy.

mod app_state;
mod cache;
mod change;
mod error;
mod quantity;
mod routes;
mod sales;
mod settings;
mod stock;

use chassis::{Database, Metrics, Server, StartError};
use prometheus_client::metrics::counter::Counter;

pub use app_state::AppState;
pub use cache::{Cache, StockLevel};
pub use routes::router;
pub use settings::Settings;

/// Serves until `server` stops.
///
/// # Errors
/// When a setting cannot be used.
pub async fn serve(settings: Settings, server: Server) -> Result<(), StartError> {
    let trials = &[stock::TRIAL, sales::TRIAL];
    let database = Database::new("stock-api", &settings.database, trials)?;
    let answers = database.clone().until_it_answers(server.readiness());
    server.ready_when(answers);
    let app = AppState {
        database,
        cache: Cache::new(settings.cache_expiry),
        sold: sold(server.metrics()),
    };
    server.run_api(router(app)).await
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
