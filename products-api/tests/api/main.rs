//! products-api over HTTP, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod export;
mod price;
mod products;
mod settings;

use chassis::{Command, Server};
use db::test::TestDatabase;
use reqwest::{Response, StatusCode};
use serde_json::Value;

/// A running products-api with a database of its own.
struct Api {
    url: String,
    _database: TestDatabase,
}

impl Api {
    /// Starts it with `arguments` for flags.
    async fn start(arguments: &[&str]) -> Self {
        let database = TestDatabase::new().await.expect("a database");
        let url = format!("--database-url={}", database.shop.products_url);
        let patience = "--database-timeout=10"; // for a busy machine
        let always = [
            "--listen-address=127.0.0.1",
            "--port=0",
            "--management-port=0",
            patience,
            &url,
        ];
        let command = Command::parse("products-api", always.iter().chain(arguments)).unwrap();
        let server = Server::bind(command.common, std::future::pending());
        let server = server.await.unwrap();
        let url = format!("http://{}", server.address().unwrap());
        tokio::spawn(products_api::serve(command.service, server));
        Self {
            url,
            _database: database,
        }
    }

    async fn get(&self, path: &str) -> Response {
        reqwest::get(format!("{}{path}", self.url)).await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await.text().await.unwrap()).unwrap()
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
