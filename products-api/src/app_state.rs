//! The state that axum hands to each handler.

use std::sync::Arc;

use axum::body::Bytes;
use chassis::{Database, SharedRead};

use crate::price::Factor;

/// What the handlers work with.
#[derive(Clone)]
pub struct AppState {
    /// Where the products are stored.
    pub database: Database,
    /// All of them, as JSON.
    pub list: Arc<SharedRead<Bytes>>,
    /// What their prices are multiplied by.
    pub price_factor: Factor,
}
