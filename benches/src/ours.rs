//! The shop's services, as their own programs run them.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use chassis::{Server, ServiceCommand, StartError};
use clap::Args;
use testkit::database::{TestDatabase, api_flags};
use tokio::runtime::Runtime;

/// Whether a service takes part in traces.
#[derive(Clone, Copy)]
pub enum Tracing {
    /// The SDK is disabled.
    Off,
    /// Each request is recorded, and exported to the collector at this address.
    To(SocketAddr),
}

impl Tracing {
    fn flag(self) -> String {
        match self {
            Self::Off => "--sdk-disabled=true".to_owned(),
            Self::To(collector) => format!("--otlp-endpoint=http://{collector}"),
        }
    }
}

/// Serves stock-api at a free port of 127.0.0.1, until the process ends.
pub fn stock_api(tracing: Tracing) -> SocketAddr {
    let database = database();
    let flags = api_flags(&database.shop.stock_url, &[]);
    start("stock-api", flags, tracing, stock_api::serve)
}

/// Serves products-api at a free port of 127.0.0.1, until the process ends.
pub fn products_api(tracing: Tracing) -> SocketAddr {
    let database = database();
    let flags = api_flags(&database.shop.products_url, &[]);
    start("products-api", flags, tracing, products_api::serve)
}

/// Serves web at a free port of 127.0.0.1, until the process ends; it calls the two APIs.
pub fn web(products: SocketAddr, stock: SocketAddr, tracing: Tracing) -> SocketAddr {
    let mut flags = web_flags(products, stock);
    // Counted, it is fifty times as slow.
    flags.push("--upstream-timeout=10".to_owned());
    start("web", flags, tracing, web::serve)
}

/// The flags of a web that calls these two APIs.
pub fn web_flags(products: SocketAddr, stock: SocketAddr) -> Vec<String> {
    vec![
        format!("--products-api-url=http://{products}"),
        format!("--stock-api-url=http://{stock}"),
    ]
}

/// The shop's database, on a server that ends with this process.
pub fn database() -> TestDatabase {
    Runtime::new().unwrap().block_on(TestDatabase::new())
}

fn start<S, F>(
    name: &'static str,
    mut flags: Vec<String>,
    tracing: Tracing,
    serve: impl FnOnce(S, Server) -> F + Send + 'static,
) -> SocketAddr
where
    S: Args + Send + 'static,
    F: Future<Output = Result<(), StartError>>,
{
    let own = [
        "--log=warn",
        "--listen-address=127.0.0.1",
        "--port=0",
        "--management-port=0",
    ];
    flags.extend(own.map(str::to_owned));
    flags.push(tracing.flag());
    let command = ServiceCommand::parse(name, flags).unwrap_or_else(|error| panic!("{error}"));
    let (send, address) = mpsc::channel();
    let bound = move |server: &Server| {
        send.send(server.address()?).unwrap();
        Ok(())
    };
    thread::spawn(|| chassis::start(command, pending(), bound, serve));
    address.recv().unwrap()
}
