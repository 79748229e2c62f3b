//! The shop's page over HTTP, in front of both real APIs and a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod ambient;
mod buy;
mod failures;
mod http;
mod many;
mod origin;
mod page;
mod sign_in;
mod supplier;

use axum::Router;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use testkit::database::{TestDatabase, api_flags};
use testkit::service::TestService;
use tokio::net::TcpListener;

/// A running shop with a database of its own.
struct Shop {
    http: Client,
    url: String,
    products: TestService,
    stock: TestService,
    _database: TestDatabase,
}

impl Shop {
    /// Starts all three services; `settings` are web's, as flags.
    async fn start(settings: &[&str]) -> Self {
        let database = TestDatabase::new().await;
        let flags = api_flags(&database.shop.products_url, &[]);
        let products = TestService::start("products-api", &flags, products_api::serve).await;
        let flags = api_flags(&database.shop.stock_url, &[]);
        let stock = TestService::start("stock-api", &flags, stock_api::serve).await;
        let mut flags = vec![
            format!("--products-api-url={}", products.url),
            format!("--stock-api-url={}", stock.url),
        ];
        flags.extend(settings.iter().map(ToString::to_string));
        let web = TestService::start("web", &flags, web::serve).await;
        Self {
            http: Client::builder().redirect(Policy::none()).build().unwrap(),
            url: web.url,
            products,
            stock,
            _database: database,
        }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    async fn page(&self) -> String {
        text(self.get("/").send().await.unwrap()).await
    }

    /// Where the page's style is.
    async fn style(&self) -> String {
        let page = self.page().await;
        let mut texts = page.split('"');
        let style = texts.find(|text| text.ends_with("/shop.css"));
        style.unwrap().to_owned()
    }

    /// What the page shows, as JSON.
    async fn content(&self) -> Value {
        json(self.get("/api/shop")).await
    }
}

/// Serves `router` where an API should be, and returns its URL.
async fn stand_in(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    url
}

async fn text(response: Response) -> String {
    response.text().await.unwrap()
}

/// What a request is answered with, as JSON.
async fn json(request: RequestBuilder) -> Value {
    request.send().await.unwrap().json().await.unwrap()
}
