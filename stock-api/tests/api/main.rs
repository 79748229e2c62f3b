//! stock-api over HTTP, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cache;
mod database;
mod failover;
mod meanings;
mod network;
mod probe;
mod proxy;
mod put;
mod sales;
mod settings;
mod stock;

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use testkit::database::{TestDatabase, api_flags};
use testkit::service::TestService;

/// A running stock-api.
struct Api {
    http: Client,
    service: TestService,
}

impl Api {
    /// Starts it on a database of its own.
    async fn start() -> (Self, TestDatabase) {
        let database = TestDatabase::new().await;
        (Self::on(&database.shop.stock_url, &[]).await, database)
    }

    /// Starts it on the database at `url`, with these `settings`, which are flags.
    async fn on(url: &str, settings: &[&str]) -> Self {
        let flags = api_flags(url, settings);
        Self {
            http: Client::new(),
            service: TestService::start("stock-api", &flags, stock_api::serve).await,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.service.url)
    }

    async fn get(&self, path: &str) -> Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Response {
        let request = self.http.request(method, self.url(path));
        request.json(&body).send().await.unwrap()
    }

    async fn sell(&self, id: i64, quantity: i64) -> Response {
        let path = format!("/stock/{id}/sales");
        self.send(Method::POST, &path, json!({ "quantity": quantity }))
            .await
    }

    async fn readiness(&self) -> Response {
        let url = format!("{}/readyz", self.service.management_url);
        self.http.get(url).send().await.unwrap()
    }

    /// How many of product `id` are left, according to this replica.
    async fn left(&self, id: i64) -> i64 {
        let stock: Value = self
            .get(&format!("/stock/{id}"))
            .await
            .json()
            .await
            .unwrap();
        stock["stock"].as_i64().expect("a number")
    }
}

/// Asserts that a sale ended in a problem with `status` that promises that nothing was sold.
async fn nothing_sold(response: Response, status: StatusCode) {
    assert_eq!(response.status(), status);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["changed"], false, "{problem}");
}
