//! The traces of one visit, as Jaeger's API tells them.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

/// The names under which application and sidecar report.
const SERVICES: [&str; 3] = ["web", "products-api", "stock-api"];

/// A span, with its times in microseconds.
pub(crate) struct Span {
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    pub(crate) service: &'static str,
    pub(crate) name: String,
    /// Whether a sidecar reports it.
    pub(crate) is_proxy: bool,
    pub(crate) start: f64,
    pub(crate) duration: f64,
}

/// The spans that share a trace id.
pub(crate) struct Trace {
    pub(crate) id: String,
    pub(crate) spans: Vec<Span>,
}

/// Visits the shop at `url`, and waits for that visit's traces, the earliest first.
///
/// # Errors
/// When the shop or Jaeger does not answer, or fewer than `spans` spans come within half a minute.
pub(crate) fn visit(url: &str, spans: usize) -> anyhow::Result<Vec<Trace>> {
    let mut answer = ureq::get(format!("{url}/api/shop")).call()?;
    let content: Value = serde_json::from_reader(answer.body_mut().as_reader())?;
    // The sidecars pass it on in every mode, and report it as `guid:x-request-id`.
    let request = content["request_id"]
        .as_str()
        .context("no x-request-id arrived: the shop is in no mesh")?;
    let begin = Instant::now();
    loop {
        sleep(Duration::from_secs(2));
        let mut traces = Vec::new();
        for service in SERVICES {
            traces.extend(traces_of(service, request)?);
        }
        if let Some(id) = content["trace_id"].as_str()
            && let Ok(answer) = ask(&format!("traces/{id}"))
        {
            traces.extend(read(&answer));
        }
        traces.sort_by(|left: &Trace, right| left.id.cmp(&right.id));
        traces.dedup_by(|left, right| left.id == right.id);
        traces.sort_by(|left, right| left.start().total_cmp(&right.start()));
        let count: usize = traces.iter().map(|trace| trace.spans.len()).sum();
        if count >= spans {
            return Ok(traces);
        }
        let is_late = begin.elapsed() > Duration::from_secs(30);
        ensure!(!is_late, "{count} of {spans} spans have come");
    }
}

fn traces_of(service: &str, request: &str) -> anyhow::Result<Vec<Trace>> {
    // {"guid:x-request-id":"…"}
    let tags = format!("%7B%22guid%3Ax-request-id%22%3A%22{request}%22%7D");
    let path = format!("traces?service={service}.widgetario&tags={tags}&lookback=1h&limit=50");
    Ok(read(&ask(&path)?))
}

fn ask(path: &str) -> anyhow::Result<Value> {
    let path =
        format!("/api/v1/namespaces/istio-system/services/http:tracing:80/proxy/jaeger/api/{path}");
    let output = Command::new("kubectl")
        .args(["get", "--raw", &path])
        .output()?;
    if !output.status.success() {
        bail!("Jaeger: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn read(answer: &Value) -> Vec<Trace> {
    let traces = answer["data"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let trace = |trace: &Value| {
        let spans = trace["spans"].as_array().into_iter().flatten().map(|span| {
            let process = text(&span["processID"]);
            let service = text(&trace["processes"][process]["serviceName"]);
            let references = &span["references"];
            Span {
                id: text(&span["spanID"]),
                parent: references[0]["spanID"].as_str().map(str::to_owned),
                service: SERVICES
                    .into_iter()
                    .find(|name| service.starts_with(name))
                    .unwrap_or("?"),
                name: text(&span["operationName"]),
                is_proxy: span["tags"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|tag| tag["key"] == "component" && tag["value"] == "proxy"),
                start: span["startTime"].as_f64().unwrap_or_default(),
                duration: span["duration"].as_f64().unwrap_or_default(),
            }
        });
        Trace {
            id: text(&trace["traceID"]),
            spans: spans.collect(),
        }
    };
    traces.map(trace).collect()
}

impl Trace {
    /// When its first span began.
    pub(crate) fn start(&self) -> f64 {
        self.spans
            .iter()
            .map(|span| span.start)
            .fold(f64::INFINITY, f64::min)
    }

    /// When its last span ended.
    pub(crate) fn end(&self) -> f64 {
        let ends = self.spans.iter().map(|span| span.start + span.duration);
        ends.fold(0.0, f64::max)
    }

    /// Each span with its depth, below its parent, in the order of time.
    pub(crate) fn tree(&self) -> Vec<(usize, &Span)> {
        let is_root = |span: &&Span| {
            let parent = span.parent.as_ref();
            !parent.is_some_and(|parent| self.spans.iter().any(|span| span.id == *parent))
        };
        let mut roots: Vec<&Span> = self.spans.iter().filter(is_root).collect();
        roots.sort_by(|left, right| left.start.total_cmp(&right.start));
        roots
            .into_iter()
            .flat_map(|root| self.below(root, 0))
            .collect()
    }

    fn below<'a>(&'a self, span: &'a Span, depth: usize) -> Vec<(usize, &'a Span)> {
        let is_child = |child: &&Span| child.parent.as_ref() == Some(&span.id);
        let mut children: Vec<&Span> = self.spans.iter().filter(is_child).collect();
        children.sort_by(|left, right| left.start.total_cmp(&right.start));
        let children = children
            .into_iter()
            .flat_map(|child| self.below(child, depth + 1));
        [(depth, span)].into_iter().chain(children).collect()
    }
}
