//! The state that axum hands to each handler.

use chassis::Database;
use prometheus_client::metrics::counter::Counter;

use crate::cache::Cache;

/// What the handlers work with.
#[derive(Clone)]
pub struct AppState {
    /// Where the stock is stored.
    pub database: Database,
    /// The stock levels that were read lately.
    pub cache: Cache,
    /// How many widgets this process sold.
    pub sold: Counter,
}
