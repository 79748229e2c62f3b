//! What the shop sells and for how much.
//!
//! [`serve`] connects to the database and serves [`router`]: two reads of one table, each price
//! multiplied by `PRICE_FACTOR`. That factor is the only difference between v1 and v2.

mod app_state;
mod error;
mod price;
mod products;
mod routes;
mod settings;

use std::sync::Arc;

use chassis::{Database, Server, StartError};

pub use app_state::AppState;
pub use price::Factor;
pub use routes::router;
pub use settings::Settings;

/// Serves until `server` stops.
///
/// # Errors
/// When a setting cannot be used.
pub async fn serve(settings: Settings, server: Server) -> Result<(), StartError> {
    let database = Database::new("products-api", &settings.database, &[products::TRIAL])?;
    let answers = database.clone().until_it_answers(server.readiness());
    server.ready_when(answers);
    let app = AppState {
        list: Arc::new(products::list_of(&database, settings.price_factor)),
        database,
        price_factor: settings.price_factor,
    };
    server.run_api(router(app)).await
}
