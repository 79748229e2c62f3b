//! stock-api over HTTP, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cache;
mod database;
mod meanings;
mod network;
mod proxy;
mod put;
mod sales;
mod settings;
mod stock;

use chassis::{Command, Server};
use db::test::TestDatabase;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// A running stock-api.
struct Api {
    http: Client,
    url: String,
    management_url: String,
}

impl Api {
    /// Starts it on a database of its own.
    async fn start() -> (Self, TestDatabase) {
        let database = TestDatabase::new().await.expect("a database");
        (Self::on(&database.shop.stock_url).await, database)
    }

    /// Starts it on the database at `url`, patient enough for a busy machine.
    async fn on(url: &str) -> Self {
        Self::with(url, &["--database-timeout=10"]).await
    }

    async fn with(url: &str, arguments: &[&str]) -> Self {
        let url = format!("--database-url={url}");
        let always = [
            "--listen-address=127.0.0.1",
            "--port=0",
            "--management-port=0",
            &url,
        ];
        let command = Command::parse("stock-api", always.iter().chain(arguments)).unwrap();
        let server = Server::bind(command.common, std::future::pending());
        let server = server.await.unwrap();
        let api = Self {
            http: Client::new(),
            url: format!("http://{}", server.address().unwrap()),
            management_url: format!("http://{}", server.management_address().unwrap()),
        };
        tokio::spawn(stock_api::serve(command.service, server));
        api
    }

    async fn get(&self, path: &str) -> Response {
        self.http
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap()
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.url));
        request.json(&body).send().await.unwrap()
    }

    async fn sell(&self, id: i64, quantity: i64) -> Response {
        let path = format!("/stock/{id}/sales");
        self.send(Method::POST, &path, json!({ "quantity": quantity }))
            .await
    }

    async fn readiness(&self) -> Response {
        let url = format!("{}/readyz", self.management_url);
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

/// Asserts that an answer is a problem with `status`, and returns its detail.
async fn problem(response: Response, status: StatusCode) -> String {
    assert_eq!(response.status(), status);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status.as_u16());
    problem["detail"].as_str().expect("a detail").to_owned()
}

/// Asserts that a sale ended in a problem with `status` that promises that nothing was sold.
async fn nothing_sold(response: Response, status: StatusCode) {
    assert_eq!(response.status(), status);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["changed"], false, "{problem}");
}
