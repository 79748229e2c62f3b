//! The shop's page, and Buy.
//!
//! [`serve`] builds one client for each API and serves [`router`]. The page asks products-api what
//! is sold and then, for some products at a time, stock-api how many are left; it is rendered here
//! and works without scripts. When stock-api does not answer, or is too slow for a long list, the
//! stock is shown as unknown; without products there is a page that says so. When something is sold
//! out, the page may ask a supplier when there will be more ([`Supplier`]). Programs get the same
//! as JSON: [`contract`] has the types.

mod app_state;
mod assets;
mod buy;
pub mod contract;
mod error;
mod finding;
mod origin;
mod page;
mod routes;
mod settings;
mod shop;
mod sign_in;
mod supplier;
mod test_user;
mod visit;

use chassis::{Client, Server, StartError};
use reqwest::Url;

use crate::contract::SUPPLIER;

pub use app_state::AppState;
pub use routes::router;
pub use settings::{Mesh, Settings, Theme};
pub use supplier::Supplier;

/// Serves until `server` stops.
///
/// # Errors
/// When a setting cannot be used.
pub async fn serve(settings: Settings, server: Server) -> Result<(), StartError> {
    let timeout = settings.upstream_timeout;
    let propagators = server.settings().telemetry.propagators.clone();
    let client = |service, url| Client::new(service, url, timeout, propagators.clone());
    let supplier = |url: Url| {
        let path = url.path().to_owned();
        let client = Client::new(SUPPLIER, url, timeout, propagators.without_baggage())?;
        Ok::<_, StartError>(Supplier::new(client, path))
    };
    let app = AppState {
        products: client("products-api", settings.products_api_url)?,
        stock: client("stock-api", settings.stock_api_url)?,
        supplier: settings.supplier_url.map(supplier).transpose()?,
        theme: settings.theme,
        environment: settings.environment,
        jaeger_url: settings.jaeger_url,
        sign_in: settings.sign_in,
        mesh: settings.mesh,
        version: server.settings().app_version.clone(),
    };
    server.ready_when(std::future::ready(()));
    server.run(router(app)).await
}
