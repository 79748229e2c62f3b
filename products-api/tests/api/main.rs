//! products-api over HTTP, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod export;
mod price;
mod products;
mod readers;
mod replica;
mod settings;

use reqwest::Response;
use serde_json::Value;
use testkit::database::{TestDatabase, api_flags};
use testkit::service::TestService;

/// A running products-api with a database of its own.
struct Api {
    url: String,
    database: TestDatabase,
}

impl Api {
    /// Starts it with these `settings`, which are flags.
    async fn start(settings: &[&str]) -> Self {
        let database = TestDatabase::new().await;
        let flags = api_flags(&database.shop.products_url, settings);
        let service = TestService::start("products-api", &flags, products_api::serve).await;
        Self {
            url: service.url,
            database,
        }
    }

    async fn get(&self, path: &str) -> Response {
        reqwest::get(format!("{}{path}", self.url)).await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await.text().await.unwrap()).unwrap()
    }
}
