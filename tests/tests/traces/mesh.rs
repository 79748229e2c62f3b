//! The shop in a mesh on loopback: each service behind a real Envoy, in each mode of its tracer.

use testkit::database::TestDatabase;
use testkit::envoy::Envoy;
use testkit::port::free_port;
use testkit::process::ServiceProcess;
use tokio::runtime::Runtime;

use crate::collector::{Collector, Span};
use crate::proxy::Tracer;
use crate::trees::PAGE;
use crate::{PROGRAM, get};

const TRACERS: [Tracer; 3] = [Tracer::OpenTelemetry, Tracer::ZipkinB3, Tracer::ZipkinDual];

/// Three services with a sidecar each, and a collector of all their spans.
pub(crate) struct Mesh {
    url: String,
    pub(crate) collector: Collector,
    _proxies: [Envoy; 3],
    services: Vec<ServiceProcess>,
    _runtime: Runtime,
}

impl Mesh {
    /// Starts it with `environment` in each service, and `tracer` in each proxy.
    pub(crate) fn start(tracer: Tracer, environment: &[(&str, &str)]) -> Self {
        let runtime = Runtime::new().unwrap();
        let shop = runtime.block_on(TestDatabase::new()).shop;
        let collector = Collector::start();
        let port = collector.url.rsplit(':').next().unwrap().parse().unwrap();
        let service = |name| {
            let mut command = ServiceProcess::command(PROGRAM, name);
            command
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
                .env("OTEL_BSP_SCHEDULE_DELAY", "50")
                .env("RUST_LOG", "warn")
                .envs(environment.iter().copied());
            command
        };

        let (mut products, mut stock) = (service("products-api"), service("stock-api"));
        let products = ServiceProcess::start(products.env("DATABASE_URL", &shop.products_url));
        let stock = ServiceProcess::start(stock.env("DATABASE_URL", &shop.stock_url));
        let products_proxy = tracer.sidecar("products-api", &[("in", products.port)], port);
        let stock_proxy = tracer.sidecar("stock-api", &[("in", stock.port)], port);
        // Its proxy and web need each other's port, and web is asked to take one that is known.
        let web_port = free_port();
        let hops = [
            ("in", web_port),
            ("out", products_proxy.port(0)),
            ("out", stock_proxy.port(0)),
        ];
        let web_proxy = tracer.sidecar("web", &hops, port);
        let url = |listener| format!("http://127.0.0.1:{}", web_proxy.port(listener));
        let web = ServiceProcess::start(
            service("web")
                .arg(format!("--port={web_port}"))
                .arg(format!("--products-api-url={}", url(1)))
                .arg(format!("--stock-api-url={}", url(2))),
        );
        Self {
            url: url(0),
            collector,
            _proxies: [web_proxy, products_proxy, stock_proxy],
            services: vec![web, products, stock],
            _runtime: runtime,
        }
    }

    /// Gets the page with `headers`.
    pub(crate) fn page(&self, headers: &[(&str, &str)]) {
        assert_eq!(get(&self.url, headers).status(), 200);
    }

    /// Gets the page once, and returns trees and spans once `count` spans have come and the
    /// services have sent all of theirs.
    fn view(mut self, count: usize) -> (Vec<String>, Vec<Span>) {
        self.page(&[]);
        self.collector.wait_for(count, |_| true);
        self.services.clear();
        (self.collector.trees(), self.collector.spans())
    }
}

/// The tree of a page view through the mesh: 27 spans, two of web and its proxy and five a call.
pub(crate) fn page_tree() -> String {
    let call = |api: &str, route: &str| {
        format!(
            "    web GET\n      web proxy out\n        {api} proxy in\n          {api} GET {route}\n            \
             {api} SELECT products\n"
        )
    };
    let stock = call("stock-api", "/stock/{id}");
    let root = "web proxy in\n  web GET /\n".to_owned();
    [root, call("products-api", "/products"), stock.repeat(4)].concat()
}

#[test]
#[ignore = "needs Envoy"]
fn page_view_is_one_trace_of_27_spans_whatever_the_tracer_speaks() {
    for tracer in TRACERS {
        let (trees, spans) = Mesh::start(tracer, &[]).view(27);
        assert_eq!(spans.len(), 27, "{tracer:?}: {trees:#?}");
        assert_eq!(trees, [page_tree()], "{tracer:?}");
    }
}

#[test]
#[ignore = "needs Envoy"]
fn without_a_tracer_the_services_are_one_trace_all_the_same() {
    let (trees, _) = Mesh::start(Tracer::None, &[]).view(16);
    assert_eq!(trees, [PAGE]);
}

/// The traces of the five calls, as their proxies alone see them.
fn calls_of_proxies() -> Vec<String> {
    let call = |api| format!("web proxy out\n  {api} proxy in\n");
    [vec![call("products-api")], vec![call("stock-api"); 4]].concat()
}

#[test]
#[ignore = "needs Envoy"]
fn without_propagators_a_page_view_is_12_traces() {
    for tracer in TRACERS {
        let (trees, _) = Mesh::start(tracer, &[("OTEL_PROPAGATORS", "none")]).view(27);
        let web = format!("web GET /\n{}", "  web GET\n".repeat(5));
        let api = |api, route| format!("{api} GET {route}\n  {api} SELECT products\n");
        let stock = api("stock-api", "/stock/{id}");
        let mut expected = calls_of_proxies();
        expected.extend([
            "web proxy in\n".to_owned(),
            web,
            api("products-api", "/products"),
        ]);
        expected.extend(vec![stock; 4]);
        expected.sort();
        assert_eq!(trees, expected, "{tracer:?}");
        assert_eq!(trees.len(), 12);
    }
}

/// So it was in the Widgetario of the talk, whose services pass no headers on and record no spans.
#[test]
#[ignore = "needs Envoy"]
fn without_propagators_and_sdk_a_page_view_is_6_traces() {
    for tracer in TRACERS {
        let environment = [("OTEL_PROPAGATORS", "none"), ("OTEL_SDK_DISABLED", "true")];
        let (trees, _) = Mesh::start(tracer, &environment).view(11);
        let mut expected = calls_of_proxies();
        expected.push("web proxy in\n".to_owned());
        expected.sort();
        assert_eq!(trees, expected, "{tracer:?}");
        assert_eq!(trees.len(), 6);
    }
}

#[test]
#[ignore = "needs Envoy"]
fn without_the_sdk_the_proxies_link_in_one_trace() {
    for tracer in TRACERS {
        let (trees, spans) = Mesh::start(tracer, &[("OTEL_SDK_DISABLED", "true")]).view(11);
        assert_eq!(
            (trees.len(), spans.len()),
            (1, 11),
            "{tracer:?}: {trees:#?}"
        );
        let pair = |api| format!("  web proxy out\n    {api} proxy in\n");
        let calls = [pair("products-api"), pair("stock-api").repeat(4)].concat();
        assert_eq!(trees, [format!("web proxy in\n{calls}")], "{tracer:?}");
    }
}
