//! The tree of spans that a page view is, by what the environment and the caller say.

use crate::collector::{Collector, Span};
use crate::shop::TracedShop;

/// One page view, nothing cached yet.
pub(crate) const PAGE: &str = "\
web GET /
  web GET
    products-api GET /products
      products-api SELECT products
  web GET
    stock-api GET /stock/{id}
      stock-api SELECT products
  web GET
    stock-api GET /stock/{id}
      stock-api SELECT products
  web GET
    stock-api GET /stock/{id}
      stock-api SELECT products
  web GET
    stock-api GET /stock/{id}
      stock-api SELECT products
";
/// The trace of a caller outside.
pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// The span of a caller outside.
pub(crate) const CALLER: &str = "00f067aa0ba902b7";

const PROPAGATE_NOTHING: (&str, &str) = ("OTEL_PROPAGATORS", "none");

/// What came of one page view with `headers`, of a shop that was started with `environment` and has
/// stopped.
fn page_view(environment: &[(&str, &str)], headers: &[(&str, &str)]) -> Collector {
    let mut shop = TracedShop::start(environment);
    shop.page(headers);
    shop.stop();
    shop.collector
}

/// The tree of a page view below the span of a caller outside.
fn below_caller() -> String {
    let lines = PAGE.lines().map(|line| format!("  {line}\n"));
    format!("({CALLER})\n{}", lines.collect::<String>())
}

#[test]
fn page_view_is_one_trace_from_the_page_to_each_statement() {
    let mut shop = TracedShop::start(&[]);
    let page = shop.page(&[]).body_mut().read_to_string().unwrap();
    shop.stop();
    assert_eq!(shop.collector.trees(), [PAGE]);
    let trace = &shop.collector.spans()[0].trace;
    assert!(page.contains(&format!("<code>{trace}</code>")), "{page}");
}

#[test]
fn callers_trace_is_joined_in_either_format() {
    let w3c = ("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    let b3 = ("b3", format!("{TRACE}-{CALLER}-1"));
    for headers in [vec![w3c.clone()], vec![b3.clone()], vec![w3c, b3]] {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let headers: Vec<_> = headers.collect();
        let collector = page_view(&[], &headers);
        assert_eq!(collector.trees(), [below_caller()], "{headers:?}");
        let spans = collector.spans();
        assert!(spans.iter().all(|span| span.trace == TRACE));
    }
}

#[test]
fn unreadable_headers_begin_a_new_trace() {
    let w3c = [("traceparent", "00-nothing"), ("tracestate", "=,=")];
    let collector = page_view(&[], &[w3c[0], w3c[1], ("b3", "-")]);
    assert_eq!(collector.trees(), [PAGE]);
}

#[test]
fn trace_that_its_caller_does_not_record_is_not_recorded() {
    for (name, value) in [
        ("traceparent", format!("00-{TRACE}-{CALLER}-00")),
        ("b3", format!("{TRACE}-{CALLER}-0")),
        ("b3", "0".to_owned()),
    ] {
        let collector = page_view(&[], &[(name, &value)]);
        assert_eq!(collector.spans(), [], "{name}: {value}");
    }
}

#[test]
fn sampler_decides_except_about_what_b3_debugs() {
    let debug = [("x-b3-flags", "1")];
    for (sampler, argument, headers, trees) in [
        ("always_off", "", &[][..], &[][..]),
        ("traceidratio", "0", &[], &[]),
        ("parentbased_always_off", "", &[], &[]),
        ("traceidratio", "1", &[], &[PAGE]),
        ("always_off", "", &debug, &[PAGE]),
        ("traceidratio", "0", &debug, &[PAGE]),
    ] {
        let environment = [
            ("OTEL_TRACES_SAMPLER", sampler),
            ("OTEL_TRACES_SAMPLER_ARG", argument),
        ];
        let collector = page_view(&environment, headers);
        assert_eq!(collector.trees(), trees, "{sampler} {argument}");
    }
}

#[test]
fn process_is_described_as_the_environment_says() {
    let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "service.version=v9,team=mesh");
    let collector = page_view(&[attributes], &[]);
    assert_eq!(collector.trees(), [PAGE]);
    for span in collector.spans() {
        assert_eq!(span.resource["service.version"], "v9");
        assert_eq!(span.resource["service.instance.id"], "localhost");
        assert_eq!(span.resource["team"], "mesh");
    }
}

#[test]
fn empty_variable_means_the_default() {
    let names = [
        "OTEL_PROPAGATORS",
        "OTEL_SDK_DISABLED",
        "OTEL_SERVICE_NAME",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "OTEL_TRACES_EXPORTER",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
    ];
    let collector = page_view(&names.map(|name| (name, "")), &[]);
    assert_eq!(collector.trees(), [PAGE]);
}

#[test]
fn without_propagators_nothing_links() {
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let collector = page_view(&[PROPAGATE_NOTHING], &[("traceparent", &parent)]);
    let products = "products-api GET /products\n  products-api SELECT products\n";
    let stock = "stock-api GET /stock/{id}\n  stock-api SELECT products\n";
    let web = "web GET /\n  web GET\n  web GET\n  web GET\n  web GET\n  web GET\n";
    assert_eq!(
        collector.trees(),
        [products, stock, stock, stock, stock, web]
    );
}

#[test]
fn without_the_sdk_there_are_no_spans_of_ours() {
    let mut shop = TracedShop::start(&[("OTEL_SDK_DISABLED", "true")]);
    assert_eq!(shop.page(&[]).status(), 200);
    shop.stop();
    assert_eq!(shop.collector.spans(), []);
}

#[test]
fn spans_carry_the_semantic_conventions() {
    let mut shop = TracedShop::start(&[]);
    shop.page(&[("user-agent", "test"), ("host", "shop.example:80")]);
    shop.page(&[]);
    shop.stop();
    let spans = shop.collector.spans();
    let find = |service: &str, name: &str| {
        let is_wanted = |span: &&Span| span.service == service && span.name == name;
        let found = spans.iter().filter(is_wanted);
        found.map(|span| &span.attributes).collect::<Vec<_>>()
    };
    let page = find("web", "GET /")[0];
    assert_eq!(page["http.request.method"], "GET");
    assert_eq!(page["http.route"], "/");
    assert_eq!(page["http.response.status_code"], 200);
    assert_eq!(page["url.path"], "/");
    assert_eq!(page["server.address"], "shop.example");
    assert_eq!(page["server.port"], 80);
    assert_eq!(page["user_agent.original"], "test");
    let call = find("web", "GET")[0];
    assert_eq!(call["http.response.status_code"], 200);
    assert!(call["url.full"].as_str().unwrap().ends_with("/products"));
    let statement = find("products-api", "SELECT products")[0];
    assert_eq!(statement["db.system.name"], "postgresql");
    assert_eq!(statement["db.operation.name"], "SELECT");
    assert_eq!(statement["db.collection.name"], "products");
    assert_eq!(statement["db.namespace"], "widgetario");
    let reads = find("stock-api", "GET /stock/{id}");
    let cached = reads
        .iter()
        .filter(|read| read["widgetario.cached"] == true);
    assert_eq!((reads.len(), cached.count()), (8, 4));
}

#[test]
fn every_service_names_the_request_on_its_span() {
    let collector = page_view(&[PROPAGATE_NOTHING], &[("x-request-id", "view-1")]);
    let spans = collector.spans();
    let named = spans.iter().filter(|span| {
        let ids = span.attributes.get("http.request.header.x-request-id");
        ids.is_some_and(|ids| *ids == serde_json::json!(["view-1"]))
    });
    let mut named: Vec<&str> = named.map(|span| span.name.as_str()).collect();
    named.sort_unstable();
    let stock = "GET /stock/{id}";
    assert_eq!(
        named,
        ["GET /", "GET /products", stock, stock, stock, stock]
    );
}
