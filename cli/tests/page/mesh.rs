//! The shop in a mesh on loopback, with mutual TLS between the sidecars:
//!
//! ```text
//! browser → web's sidecar → web → web's sidecar → an API's sidecar → that API → PostgreSQL
//! ```

use serde_json::{Value, json};
use testkit::database::TestDatabase;

use crate::certificates::Authority;
use crate::envoy::Envoy;
use crate::port::free_port;
use crate::service::Service;
use crate::way::{Ends, Way};

pub(crate) const WEB: &str = "widgetario-web";
const PRODUCTS: &str = "widgetario-products";
const STOCK: &str = "widgetario-stock";

/// A mesh that is about to start: all is well, unless a test twists it.
pub(crate) struct Plan {
    pub(crate) into_web: Way,
    pub(crate) to_products: Way,
    pub(crate) to_stock: Way,
    pub(crate) into_products: Way,
    pub(crate) into_stock: Way,
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
    products: Option<Service>,
    _services: [Service; 2],
}

impl Mesh {
    /// Starts what `twist` makes of it.
    pub(crate) async fn start(twist: impl FnOnce(&mut Plan)) -> Self {
        let mut plan = Plan {
            into_web: Way::to("web"),
            to_products: Way::to("products-api"),
            to_stock: Way::to("stock-api"),
            into_products: Way::to("products-api"),
            into_stock: Way::to("stock-api"),
            web: Vec::new(),
            stock: Vec::new(),
        };
        twist(&mut plan);
        let shop = TestDatabase::new().await.shop;
        let service = |name, arguments: &[String], database: &str, settings: &Settings| {
            let always = [("DATABASE_URL", database), ("RUST_LOG", "error")];
            Service::start(name, arguments, &[&always[..], settings].concat())
        };
        let products = service("products-api", &[], &shop.products_url, &Vec::new());
        let stock = service("stock-api", &[], &shop.stock_url, &plan.stock);

        let authority = Authority::new();
        let way = plan.into_products;
        let way = way.inbound(products.port, &authority, PRODUCTS);
        let products_sidecar = sidecar("products-api", [way]);
        let way = plan.into_stock.inbound(stock.port, &authority, STOCK);
        let stock_sidecar = sidecar("stock-api", [way]);
        let web_port = free_port();
        let ways = [
            plan.into_web.open(web_port),
            plan.to_products
                .outbound(products_sidecar.port(0), &authority, WEB),
            plan.to_stock
                .outbound(stock_sidecar.port(0), &authority, WEB),
        ];
        let web_sidecar = sidecar("web", ways);
        let url = |listener| format!("http://127.0.0.1:{}", web_sidecar.port(listener));
        let arguments = [
            format!("--port={web_port}"),
            format!("--products-api-url={}", url(1)),
            format!("--stock-api-url={}", url(2)),
        ];
        let web = service("web", &arguments, "", &plan.web);
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
        let answer = reqwest::get(format!("{}/api/shop", self.url))
            .await
            .unwrap();
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
        let answer = request
            .json(&json!({ "stock": stock }))
            .send()
            .await
            .unwrap();
        answer.error_for_status().unwrap();
    }

    /// Ends products-api; its sidecar stays.
    pub(crate) fn end_products(&mut self) {
        self.products = None;
    }
}

fn sidecar<const N: usize>(service: &str, ways: [Ends; N]) -> Envoy {
    let (listeners, clusters): (Vec<_>, Vec<_>) = ways.into_iter().map(Into::into).unzip();
    let resources = json!({ "listeners": listeners, "clusters": clusters });
    Envoy::start(service, json!({ "static_resources": resources }))
}
