//! The state that axum hands to each handler.

use chassis::Database;

use crate::price::Factor;

/// What the handlers work with.
#[derive(Clone)]
pub struct AppState {
    /// Where the products are stored.
    pub database: Database,
    /// What their prices are multiplied by.
    pub price_factor: Factor,
}
