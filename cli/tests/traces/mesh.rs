//! The shop in a mesh on loopback: each service behind a real Envoy, in each mode of its tracer.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use db::test::TestDatabase;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::collector::{Collector, Span, trees};
use crate::envoy::{Envoy, Tracer};
use crate::trees::PAGE;

const TRACERS: [Tracer; 3] = [Tracer::OpenTelemetry, Tracer::ZipkinB3, Tracer::ZipkinDual];

/// Three services with a sidecar each, and a collector of all their spans.
struct Mesh {
    url: String,
    collector: Collector,
    _proxies: [Envoy; 3],
    services: Vec<Service>,
    _runtime: Runtime,
}

/// A service's process; its standard input is what keeps it running.
struct Service(Child);

impl Mesh {
    fn start(tracer: Tracer, environment: &[(&str, &str)]) -> Self {
        let runtime = Runtime::new().unwrap();
        let shop = runtime.block_on(TestDatabase::new()).unwrap().shop;
        let collector = Collector::start();
        let port = collector.url.rsplit(':').next().unwrap().parse().unwrap();
        let service = |name, arguments: &[String], database: &str| {
            Service::start(name, arguments, database, environment, &collector.url)
        };

        let (products, products_port) = service("products-api", &[], &shop.products_url);
        let (stock, stock_port) = service("stock-api", &[], &shop.stock_url);
        let products_proxy = Envoy::start("products-api", tracer, &[("in", products_port)], port);
        let stock_proxy = Envoy::start("stock-api", tracer, &[("in", stock_port)], port);
        let web_port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let ways = [
            ("in", web_port),
            ("out", products_proxy.port(0)),
            ("out", stock_proxy.port(0)),
        ];
        let web_proxy = Envoy::start("web", tracer, &ways, port);
        let web = [
            format!("--port={web_port}"),
            format!("--products-api-url=http://127.0.0.1:{}", web_proxy.port(1)),
            format!("--stock-api-url=http://127.0.0.1:{}", web_proxy.port(2)),
        ];
        let (web, _) = service("web", &web, "");
        Self {
            url: format!("http://127.0.0.1:{}", web_proxy.port(0)),
            collector,
            _proxies: [web_proxy, products_proxy, stock_proxy],
            services: vec![web, products, stock],
            _runtime: runtime,
        }
    }

    /// Gets the page with `headers`.
    fn page(&self, headers: &[(&str, &str)]) {
        let request = ureq::get(&self.url);
        let add = |request: ureq::RequestBuilder<_>, &(name, value): &(&str, &str)| {
            request.header(name, value)
        };
        let page = headers.iter().fold(request, add).call().unwrap();
        assert_eq!(page.status(), 200);
    }

    /// Views the page once, with `headers`, and returns the spans once `count` have arrived and
    /// the services have sent all of theirs.
    fn view(mut self, headers: &[(&str, &str)], count: usize) -> (Vec<String>, Vec<Span>) {
        self.page(headers);
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.collector.spans().len() < count && Instant::now() < deadline {
            sleep(Duration::from_millis(20));
        }
        self.services.clear();
        (self.collector.trees(), self.collector.spans())
    }
}

impl Service {
    fn start(
        name: &str,
        arguments: &[String],
        database: &str,
        environment: &[(&str, &str)],
        collector: &str,
    ) -> (Self, u16) {
        let mut process = Command::new(env!("CARGO_BIN_EXE_widgetario"))
            .args([
                "service",
                name,
                "--host=127.0.0.1",
                "--port=0",
                "--management-port=0",
            ])
            .args(arguments)
            .env("DATABASE_URL", database)
            .env("DATABASE_TIMEOUT_SECONDS", "10")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
            .env("OTEL_BSP_SCHEDULE_DELAY", "50")
            .env("RUST_LOG", "warn")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let addresses: Value = serde_json::from_str(&line).unwrap();
        let port = |address: &Value| address.as_str()?.rsplit(':').next()?.parse().ok();
        (Self(process), port(&addresses["service"]).unwrap())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// One page view through the mesh: 27 spans.
fn page(proxy_span: impl Fn(&str, &str) -> String) -> String {
    let call = |api: &str, route: &str| {
        [
            "    web GET\n".to_owned(),
            format!("      {}\n", proxy_span("web", "out")),
            format!("        {}\n", proxy_span(api, "in")),
            format!("          {api} GET {route}\n"),
            format!("            {api} SELECT products\n"),
        ]
        .concat()
    };
    let stock = call("stock-api", "/stock/{id}");
    let root = format!("{}\n  web GET /\n", proxy_span("web", "in"));
    [root, call("products-api", "/products"), stock.repeat(4)].concat()
}

fn named(service: &str, way: &str) -> String {
    format!("{service} proxy {way}")
}

#[test]
#[ignore = "needs Envoy"]
fn page_view_is_one_trace_of_27_spans_whatever_the_tracer_speaks() {
    for tracer in TRACERS {
        let (trees, spans) = Mesh::start(tracer, &[]).view(&[], 27);
        assert_eq!(spans.len(), 27, "{tracer:?}: {trees:#?}");
        assert_eq!(trees, [page(named)], "{tracer:?}");
    }
}

#[test]
#[ignore = "needs Envoy"]
fn without_a_tracer_the_services_link_all_the_same() {
    let (trees, _) = Mesh::start(Tracer::None, &[]).view(&[], 16);
    assert_eq!(trees, [PAGE]);
}

/// The traces of the five calls, as their proxies alone see them.
fn calls_of_proxies() -> Vec<String> {
    let call = |api| format!("web proxy out\n  {api} proxy in\n");
    let stock = call("stock-api");
    let stocks = [stock.clone(), stock.clone(), stock.clone(), stock];
    [vec![call("products-api")], stocks.to_vec()].concat()
}

#[test]
#[ignore = "needs Envoy"]
fn without_propagators_a_page_view_is_12_traces() {
    for tracer in TRACERS {
        let (trees, _) = Mesh::start(tracer, &[("OTEL_PROPAGATORS", "none")]).view(&[], 27);
        let web = format!("web GET /\n{}", "  web GET\n".repeat(5));
        let api = |api, route| format!("{api} GET {route}\n  {api} SELECT products\n");
        let stock = api("stock-api", "/stock/{id}");
        let mut expected = calls_of_proxies();
        expected.extend([
            named("web", "in") + "\n",
            web,
            api("products-api", "/products"),
        ]);
        expected.extend([stock.clone(), stock.clone(), stock.clone(), stock]);
        expected.sort();
        assert_eq!(trees, expected, "{tracer:?}");
        assert_eq!(trees.len(), 12);
    }
}

#[test]
#[ignore = "needs Envoy"]
fn without_propagators_and_sdk_it_is_the_predecessors_6() {
    for tracer in TRACERS {
        let environment = [("OTEL_PROPAGATORS", "none"), ("OTEL_SDK_DISABLED", "true")];
        let (trees, _) = Mesh::start(tracer, &environment).view(&[], 11);
        let mut expected = calls_of_proxies();
        expected.push(named("web", "in") + "\n");
        expected.sort();
        assert_eq!(trees, expected, "{tracer:?}");
        assert_eq!(trees.len(), 6);
    }
}

#[test]
#[ignore = "needs Envoy"]
fn without_the_sdk_the_proxies_link_in_one_trace() {
    for tracer in TRACERS {
        let (trees, spans) = Mesh::start(tracer, &[("OTEL_SDK_DISABLED", "true")]).view(&[], 11);
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

/// What a caller outside sends, each for its own span: `TRACE`, `CALLER`.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// The trace of a page view that follows the one in question.
const NEXT: &str = "80f198ee56343ba864fe8b2a57d3eff7";

impl Mesh {
    /// The trees of a page view with `headers`: all of them, and no others.
    fn trees_of(&self, headers: &[(&str, &str)], spans: usize) -> Vec<String> {
        self.page(headers);
        // Each process sends its spans in their order: once the next view's are complete, so are
        // those of this one.
        let w3c = format!("00-{NEXT}-{CALLER}-01");
        let b3 = format!("{NEXT}-{CALLER}-1");
        self.page(&[("traceparent", &w3c), ("b3", &b3)]);
        let deadline = Instant::now() + Duration::from_secs(30);
        let is_next = |span: &Span| span.trace == NEXT;
        while self
            .collector
            .spans()
            .iter()
            .filter(|span| is_next(span))
            .count()
            < spans
        {
            assert!(Instant::now() < deadline, "{:#?}", self.collector.trees());
            sleep(Duration::from_millis(20));
        }
        let mut spans = self.collector.take();
        spans.retain(|span| !is_next(span));
        trees(spans)
    }
}

/// What becomes of a caller's trace.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It goes on.
    Joined,
    /// The page view is a trace of its own.
    New,
    /// The same, without the first proxy's span.
    NewWithoutFirst,
    /// It goes on, but beside the first proxy's span, not below it.
    Beside,
    /// It goes on, but the first proxy's span is a trace of its own.
    FirstAlone,
    /// The first proxy's span is a trace of its own, and nothing else is recorded.
    FirstOnly,
    /// Nothing is recorded.
    Unrecorded,
}

impl Fate {
    /// Its trees, where a page view is the tree `page`.
    fn trees(self, page: &str) -> Vec<String> {
        let joined =
            |tree: &str| format!("({CALLER})\n  {}\n", tree.trim_end().replace('\n', "\n  "));
        let (first, rest) = page.split_once('\n').unwrap();
        let first = format!("{first}\n");
        let rest = rest[2..].replace("\n  ", "\n");
        match self {
            Self::Joined => vec![joined(page)],
            Self::New => vec![page.to_owned()],
            Self::NewWithoutFirst => vec![rest],
            Self::Beside => vec![joined(&rest) + &joined(&first)],
            Self::FirstAlone => vec![joined(&rest), first],
            Self::FirstOnly => vec![first],
            Self::Unrecorded => Vec::new(),
        }
    }
}

const DEFAULT: &str = "tracecontext,baggage,b3multi";
const B3_FIRST: &str = "b3multi,tracecontext,baggage";

/// The table of docs/traces.md: the proxies' tracer, the services' `OTEL_PROPAGATORS`, and what
/// becomes of the trace of a caller who sends `traceparent`, `b3`, `x-b3-…`, both families, neither
/// readably, `b3: 1`, and "not sampled" in either family.
#[rustfmt::skip]
const FATES: [(Tracer, &str, [Fate; 8]); 5] = {
    use Fate::{Beside, FirstAlone, FirstOnly, Joined, New, NewWithoutFirst as Fewer, Unrecorded};
    [
        (Tracer::None, DEFAULT, [Joined, Joined, Joined, Joined, New, New, Unrecorded, Unrecorded]),
        (Tracer::OpenTelemetry, DEFAULT, [Joined, New, New, Joined, Fewer, New, Unrecorded, New]),
        (Tracer::ZipkinDual, DEFAULT, [Joined, Joined, Joined, Joined, Fewer, New, Unrecorded, Unrecorded]),
        (Tracer::ZipkinB3, B3_FIRST, [New, Joined, Joined, Joined, Fewer, New, New, Unrecorded]),
        (Tracer::ZipkinB3, DEFAULT, [FirstAlone, Joined, Joined, Beside, Fewer, New, FirstOnly, Unrecorded]),
    ]
};

#[test]
#[ignore = "needs Envoy"]
fn callers_trace_is_joined_where_the_first_proxy_can_read_it() {
    let w3c = format!("00-{TRACE}-{CALLER}-01");
    let b3 = format!("{TRACE}-{CALLER}-1");
    let w3c_denied = format!("00-{TRACE}-{CALLER}-00");
    let b3_denied = format!("{TRACE}-{CALLER}-0");
    let several = [
        ("x-b3-traceid", TRACE),
        ("x-b3-spanid", CALLER),
        ("x-b3-sampled", "1"),
    ];
    let headers: [&[(&str, &str)]; 8] = [
        &[("traceparent", &w3c)],
        &[("b3", &b3)],
        &several,
        &[("traceparent", &w3c), ("b3", &b3)],
        &[("traceparent", "00-x"), ("b3", "-")],
        &[("b3", "1")],
        &[("traceparent", &w3c_denied)],
        &[("b3", &b3_denied)],
    ];
    for (tracer, order, fates) in FATES {
        let environment = [("OTEL_PROPAGATORS", order), ("CACHE_EXPIRY_SECONDS", "0")];
        let mesh = Mesh::start(tracer, &environment);
        let page = match tracer {
            Tracer::None => PAGE.to_owned(),
            _ => page(named),
        };
        for (headers, fate) in headers.into_iter().zip(fates) {
            let trees = mesh.trees_of(headers, page.lines().count());
            let context = format!("{tracer:?}, {order}, {headers:?}: {fate:?}");
            assert_eq!(trees, fate.trees(&page), "{context}");
        }
    }
}
