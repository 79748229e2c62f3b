//! The shop's page over HTTP, in front of both real APIs and a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod buy;
mod failures;
mod http;
mod many;
mod origin;
mod page;

use chassis::{Command, Server, StartError};
use clap::Args;
use db::test::TestDatabase;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use tokio::task::JoinHandle;

/// A running shop with a database of its own.
struct Shop {
    http: Client,
    url: String,
    products: Running,
    stock: Running,
    _database: TestDatabase,
}

/// One running service; aborted, it is gone.
struct Running {
    url: String,
    task: JoinHandle<()>,
}

impl Shop {
    /// Starts all three services; `arguments` are web's.
    async fn start(arguments: &[&str]) -> Self {
        let database = TestDatabase::new().await.expect("a database");
        let login = |url| {
            [
                "--database-timeout=10".to_owned(),
                format!("--database-url={url}"),
            ]
        };
        let products = login(&database.shop.products_url);
        let products = start("products-api", &products, products_api::serve).await;
        let stock = login(&database.shop.stock_url);
        let stock = start("stock-api", &stock, stock_api::serve).await;
        let web = [
            format!("--products-api-url={}", products.url),
            format!("--stock-api-url={}", stock.url),
        ];
        let web = web
            .into_iter()
            .chain(arguments.iter().map(ToString::to_string));
        let web = start("web", &web.collect::<Vec<_>>(), web::serve).await;
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
}

async fn start<S, F>(
    name: &'static str,
    arguments: &[String],
    serve: impl FnOnce(S, Server) -> F,
) -> Running
where
    S: Args,
    F: Future<Output = Result<(), StartError>> + Send + 'static,
{
    let always = [
        "--listen-address=127.0.0.1",
        "--port=0",
        "--management-port=0",
    ];
    let arguments = always
        .into_iter()
        .chain(arguments.iter().map(String::as_str));
    let command = Command::parse(name, arguments).unwrap_or_else(|error| panic!("{error}"));
    let server = Server::bind(command.common, std::future::pending());
    let server = server.await.unwrap();
    let url = format!("http://{}", server.address().unwrap());
    let serving = serve(command.service, server);
    Running {
        url,
        task: tokio::spawn(async { serving.await.unwrap() }),
    }
}

async fn text(response: Response) -> String {
    response.text().await.unwrap()
}
