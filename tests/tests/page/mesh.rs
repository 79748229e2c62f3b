//! The shop in a mesh on loopback, with mutual TLS between the sidecars:
//!
//! ```text
//! browser → web's sidecar → web → web's sidecar → an API's sidecar → that API → PostgreSQL
//!                                               → the supplier, where there is one
//! ```

use std::process::Command;

use serde_json::{Value, json};
use testkit::database::TestDatabase;
use testkit::envoy::Envoy;
use testkit::port::free_port;
use testkit::process::ServiceProcess;

use crate::certificates::Authority;
use crate::hop::{Hop, Resources};

// The service accounts that the walkthrough gives the three services.
pub(crate) const WEB: &str = "widgetario-web";
const PRODUCTS: &str = "widgetario-products";
const STOCK: &str = "widgetario-stock";

/// A mesh that is about to start: all is well, unless a test changes it.
pub(crate) struct Plan {
    pub(crate) into_web: Hop,
    pub(crate) to_products: Hop,
    pub(crate) to_stock: Hop,
    pub(crate) into_products: Hop,
    pub(crate) into_stock: Hop,
    /// To a supplier outside of the mesh; `None` when web has none.
    pub(crate) to_supplier: Option<Hop>,
    /// More settings of web.
    pub(crate) web: Settings,
    /// More settings of stock-api.
    pub(crate) stock: Settings,
}

/// Environment variables.
type Settings = Vec<(&'static str, &'static str)>;

/// A running mesh.
pub(crate) struct Mesh {
    /// Where a browser finds the page.
    pub(crate) url: String,
    /// Where stock-api itself is, past its sidecar.
    stock_url: String,
    // Sidecars end first, because services wait for the connections that are open.
    _sidecars: [Envoy; 3],
    products: Option<ServiceProcess>,
    _services: [ServiceProcess; 2],
}

impl Mesh {
    /// Starts a mesh that `change` may change beforehand.
    pub(crate) async fn start(change: impl FnOnce(&mut Plan)) -> Self {
        let mut plan = Plan {
            into_web: Hop::to("web"),
            to_products: Hop::to("products-api"),
            to_stock: Hop::to("stock-api"),
            into_products: Hop::to("products-api"),
            into_stock: Hop::to("stock-api"),
            to_supplier: None,
            web: Vec::new(),
            stock: Vec::new(),
        };
        change(&mut plan);
        let shop = TestDatabase::new().await.shop;
        let products =
            ServiceProcess::start(service("products-api").env("DATABASE_URL", &shop.products_url));
        let stock = ServiceProcess::start(
            service("stock-api")
                .env("DATABASE_URL", &shop.stock_url)
                .envs(plan.stock),
        );

        let authority = Authority::new();
        let hop = plan.into_products;
        let hop = hop.inbound(products.port, &authority, PRODUCTS);
        let products_sidecar = sidecar("products-api", vec![hop]);
        let hop = plan.into_stock.inbound(stock.port, &authority, STOCK);
        let stock_sidecar = sidecar("stock-api", vec![hop]);
        // Its sidecar and web need each other's port, and web is asked to take one that is known.
        let web_port = free_port();
        let mut hops = vec![
            plan.into_web.open(web_port),
            plan.to_products
                .outbound(products_sidecar.port(0), &authority, WEB),
            plan.to_stock
                .outbound(stock_sidecar.port(0), &authority, WEB),
        ];
        let has_supplier = plan.to_supplier.is_some();
        hops.extend(plan.to_supplier.map(Hop::plain));
        let web_sidecar = sidecar("web", hops);
        let url = |listener| format!("http://127.0.0.1:{}", web_sidecar.port(listener));
        let supplier = has_supplier.then(|| format!("--supplier-url={}", url(3)));
        let web = ServiceProcess::start(
            service("web")
                .args(supplier)
                .arg(format!("--port={web_port}"))
                .arg(format!("--products-api-url={}", url(1)))
                .arg(format!("--stock-api-url={}", url(2)))
                .envs(plan.web),
        );
        Self {
            url: url(0),
            stock_url: format!("http://127.0.0.1:{}", stock.port),
            _sidecars: [web_sidecar, products_sidecar, stock_sidecar],
            products: Some(products),
            _services: [web, stock],
        }
    }

    /// The page's content as JSON.
    pub(crate) async fn content(&self) -> Value {
        let url = format!("{}/api/shop", self.url);
        let answer = reqwest::get(url).await.unwrap();
        answer.json().await.unwrap()
    }

    /// How many of product `id` are left.
    pub(crate) async fn stock(&self, id: i64) -> Value {
        let url = format!("{}/stock/{id}", self.stock_url);
        let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        answer["stock"].clone()
    }

    /// Sets how many of product `id` are left.
    pub(crate) async fn set_stock(&self, id: i64, stock: i64) {
        let request = reqwest::Client::new().put(format!("{}/stock/{id}", self.stock_url));
        let request = request.json(&json!({ "stock": stock }));
        let answer = request.send().await.unwrap();
        answer.error_for_status().unwrap();
    }

    /// Ends products-api; its sidecar stays.
    pub(crate) fn end_products(&mut self) {
        self.products = None;
    }
}

/// How to start the service `name`.
pub(crate) fn service(name: &str) -> Command {
    let program = env!("CARGO_BIN_EXE_shop-tests");
    let mut command = ServiceProcess::command(program, name);
    command.env("RUST_LOG", "error");
    command
}

/// The sidecar of `service`, with a listener and a cluster a hop.
fn sidecar(service: &str, hops: Vec<Resources>) -> Envoy {
    let (listeners, clusters): (Vec<_>, Vec<_>) = hops.into_iter().unzip();
    let resources = json!({ "listeners": listeners, "clusters": clusters });
    Envoy::start(service, json!({ "static_resources": resources }))
}
