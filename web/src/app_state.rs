//! The state that all handlers share.

use chassis::Client;
use reqwest::Url;

use crate::settings::{Mesh, Theme};
use crate::supplier::Supplier;

/// What the handlers work with.
pub struct AppState {
    /// Calls products-api.
    pub products: Client,
    /// Calls stock-api.
    pub stock: Client,
    /// Says when there will be more of what is sold out; `None` when nobody is asked.
    pub supplier: Option<Supplier>,
    /// The colours of the page.
    pub theme: Theme,
    /// The page's badge; empty for none.
    pub environment: String,
    /// Where a browser finds Jaeger.
    pub jaeger_url: Option<Url>,
    /// Whether people can sign in.
    pub sign_in: bool,
    /// What carries the traffic of the shop's pods.
    pub mesh: Mesh,
    /// The version in the page's footer.
    pub version: String,
}
