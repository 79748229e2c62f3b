//! A collector of OTLP and of Zipkin's JSON, over HTTP, that keeps every span, and draws trees of
//! them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http;
use axum::routing::post;
use axum::{Json, Router};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;
use serde_json::Value;
use tokio::runtime::Runtime;

/// A span, as far as a tree shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, Value>,
    /// The description of the span's status, if that is an error.
    pub(crate) error: Option<String>,
    /// What is said of the whole process.
    pub(crate) resource: BTreeMap<String, Value>,
}

/// A running collector; dropped, it stops.
pub(crate) struct Collector {
    /// The endpoint of both: OTLP's base URL, and Zipkin's.
    pub(crate) url: String,
    spans: Arc<Mutex<Vec<Span>>>,
    /// How many requests it has not answered, while it was silent.
    unanswered: Arc<AtomicUsize>,
    is_silent: Arc<AtomicBool>,
    _runtime: Runtime,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let spans = Arc::<Mutex<Vec<Span>>>::default();
        let kept = Arc::clone(&spans);
        let (unanswered, is_silent) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (waiting, silent) = (Arc::clone(&unanswered), Arc::clone(&is_silent));
        let receive = post(async move |body: Bytes| {
            if silent.load(Ordering::SeqCst) {
                waiting.fetch_add(1, Ordering::SeqCst);
                std::future::pending::<()>().await;
            }
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            kept.lock().unwrap().extend(read(request));
        });
        let kept = Arc::clone(&spans);
        let receive_zipkin = post(async move |Json(list): Json<Vec<Value>>| {
            kept.lock().unwrap().extend(list.iter().map(read_zipkin));
            http::StatusCode::ACCEPTED
        });
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v1/traces", receive)
            .route("/api/v2/spans", receive_zipkin);
        runtime.spawn(async { axum::serve(listener, router).await });
        Self {
            url,
            spans,
            unanswered,
            is_silent,
            _runtime: runtime,
        }
    }

    /// From now on takes requests, and answers them unless `silent`.
    pub(crate) fn be_silent(&self, silent: bool) {
        self.is_silent.store(silent, Ordering::SeqCst);
    }

    /// How many requests it took and did not answer.
    pub(crate) fn unanswered(&self) -> usize {
        self.unanswered.load(Ordering::SeqCst)
    }

    /// Every span that was received.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }

    /// Whether a span of this name was received.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.spans().iter().any(|span| span.name == name)
    }

    /// Every span that was received since the last call of this.
    pub(crate) fn take(&self) -> Vec<Span> {
        std::mem::take(&mut self.spans.lock().unwrap())
    }

    /// Waits until `count` spans have come that are `wanted`, for 30 s at most.
    pub(crate) fn wait_for(&self, count: usize, wanted: impl Fn(&Span) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.spans().iter().filter(|span| wanted(span)).count() < count {
            assert!(Instant::now() < deadline, "{:#?}", self.trees());
            sleep(Duration::from_millis(20));
        }
    }

    /// The traces that were received.
    pub(crate) fn trees(&self) -> Vec<String> {
        trees(self.spans())
    }
}

/// The traces, each drawn as a tree: a line a span, children below their parent, in the order of
/// their lines. A root whose parent is not here shows that parent's id.
pub(crate) fn trees(spans: Vec<Span>) -> Vec<String> {
    let mut traces = BTreeMap::<String, Vec<Span>>::new();
    for span in spans {
        traces.entry(span.trace.clone()).or_default().push(span);
    }
    let mut trees: Vec<String> = traces.values().map(|spans| tree(spans)).collect();
    trees.sort();
    trees
}

fn tree(spans: &[Span]) -> String {
    let is_here = |id: &str| spans.iter().any(|span| span.id == id);
    let roots = spans.iter().filter(|span| !is_here(&span.parent));
    let mut roots: Vec<String> = roots
        .map(|root| match root.parent.as_str() {
            "" => drawn(root, spans, 0),
            parent => format!("({parent})\n{}", drawn(root, spans, 1)),
        })
        .collect();
    roots.sort();
    roots.concat()
}

/// The line of `span`, and below it those of its descendants.
fn drawn(span: &Span, spans: &[Span], depth: usize) -> String {
    let line = format!("{}{} {}\n", "  ".repeat(depth), span.service, span.name);
    let children = spans.iter().filter(|child| child.parent == span.id);
    let mut children: Vec<String> = children
        .map(|child| drawn(child, spans, depth + 1))
        .collect();
    children.sort();
    line + &children.concat()
}

fn read(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for resource_spans in request.resource_spans {
        let resource = attributes(&resource_spans.resource.unwrap().attributes);
        let scopes = resource_spans.scope_spans.into_iter();
        for span in scopes.flat_map(|scope| scope.spans) {
            spans.push(Span {
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                service: resource["service.name"].as_str().unwrap().to_owned(),
                name: span.name,
                attributes: attributes(&span.attributes),
                error: span
                    .status
                    .filter(|status| status.code == StatusCode::Error as i32)
                    .map(|status| status.message),
                resource: resource.clone(),
            });
        }
    }
    spans
}

/// See <https://zipkin.io/zipkin-api/#/default/post_spans>.
fn read_zipkin(span: &Value) -> Span {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Span {
        trace: format!("{:0>32}", text(&span["traceId"])),
        id: text(&span["id"]),
        parent: text(&span["parentId"]),
        service: text(&span["localEndpoint"]["serviceName"]),
        name: text(&span["name"]),
        attributes: BTreeMap::new(),
        error: None,
        resource: BTreeMap::new(),
    }
}

fn attributes(list: &[KeyValue]) -> BTreeMap<String, Value> {
    let typed = |attribute: &KeyValue| {
        let value = attribute.value.clone().and_then(|value| value.value);
        (attribute.key.clone(), read_value(value))
    };
    list.iter().map(typed).collect()
}

fn read_value(value: Option<Attribute>) -> Value {
    match value {
        Some(Attribute::StringValue(text)) => text.into(),
        Some(Attribute::IntValue(number)) => number.into(),
        Some(Attribute::BoolValue(flag)) => flag.into(),
        Some(Attribute::ArrayValue(list)) => {
            let values = list.values.into_iter();
            values.map(|value| read_value(value.value)).collect()
        }
        other => format!("{other:?}").into(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
