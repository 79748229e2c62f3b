//! Traces as Jaeger has them, and the tree that a page view should be.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::cluster::ask;

/// The names under which application and sidecar report.
const SERVICES: [&str; 3] = [
    "web.widgetario",
    "products-api.widgetario",
    "stock-api.widgetario",
];

/// A span: whose it is, what it is called, and which is its parent.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    pub(crate) service: String,
    pub(crate) name: String,
    /// Whether a proxy reports it.
    pub(crate) is_proxy: bool,
}

/// The spans that share a trace id.
pub(crate) struct Trace {
    pub(crate) id: String,
    pub(crate) spans: Vec<Span>,
}

impl Trace {
    /// A trace by its id, as far as it has arrived.
    ///
    /// # Errors
    /// When Jaeger cannot be asked.
    pub(crate) fn get(id: &str) -> anyhow::Result<Option<Self>> {
        let traces = ask("tracing", 80, &format!("jaeger/api/traces/{id}"));
        let Ok(traces) = traces else {
            ask("tracing", 80, "jaeger/api/services")?; // not there yet, or no Jaeger
            return Ok(None);
        };
        Ok(traces["data"]
            .as_array()
            .and_then(|data| data.first())
            .map(Self::read))
    }

    fn read(trace: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let spans = trace["spans"].as_array().into_iter().flatten().map(|span| {
            let process = text(&span["processID"]);
            let references = span["references"].as_array().into_iter().flatten();
            let parent = references
                .into_iter()
                .find(|it| it["refType"] == "CHILD_OF");
            let mut tags = span["tags"].as_array().into_iter().flatten();
            Span {
                id: text(&span["spanID"]),
                parent: parent.map(|parent| text(&parent["spanID"])),
                service: text(&trace["processes"][process]["serviceName"]),
                name: text(&span["operationName"]),
                is_proxy: tags.any(|tag| tag["key"] == "component" && tag["value"] == "proxy"),
            }
        });
        Self {
            id: text(&trace["traceID"]),
            spans: spans.collect(),
        }
    }

    /// The spans whose parent is not among them.
    pub(crate) fn roots(&self) -> Vec<&Span> {
        let is_here = |id: &String| self.spans.iter().any(|span| span.id == *id);
        let roots = self.spans.iter();
        roots
            .filter(|span| !span.parent.as_ref().is_some_and(is_here))
            .collect()
    }

    /// A line a span, children below their parent, in the order of their lines.
    pub(crate) fn tree(&self) -> String {
        self.roots()
            .iter()
            .map(|root| self.below(root, 0))
            .collect()
    }

    fn below(&self, span: &Span, depth: usize) -> String {
        let name = if span.is_proxy {
            "(sidecar)"
        } else {
            &span.name
        };
        let line = format!("{}{} {name}\n", "  ".repeat(depth), span.service);
        let children = self
            .spans
            .iter()
            .filter(|child| child.parent.as_ref() == Some(&span.id));
        let mut children: Vec<String> =
            children.map(|child| self.below(child, depth + 1)).collect();
        children.sort();
        line + &children.concat()
    }
}

/// The tree of a page view, given which of its five calls, products first, came from a cache.
pub(crate) fn page(cached: &[bool]) -> String {
    let call = |(number, cached): (usize, &bool)| {
        let (api, route) = match number {
            0 => ("products-api.widgetario", "/products"),
            _ => ("stock-api.widgetario", "/stock/{id}"),
        };
        let call = format!(
            "    web.widgetario GET\n      web.widgetario (sidecar)\n        {api} (sidecar)\n          {api} GET {route}\n"
        );
        let statement = format!("            {api} SELECT products\n");
        if *cached { call } else { call + &statement }
    };
    let mut calls: Vec<String> = cached.iter().enumerate().map(call).collect();
    calls.sort();
    format!(
        "web.widgetario (sidecar)\n  web.widgetario GET /api/shop\n{}",
        calls.concat()
    )
}

/// The traces of the shop that began after `begin`.
fn since(begin: SystemTime) -> anyhow::Result<Vec<Trace>> {
    let start = begin.duration_since(SystemTime::UNIX_EPOCH)?.as_micros();
    let end = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)?
        .as_micros();
    let mut traces = BTreeMap::new();
    for service in SERVICES {
        let path = format!(
            "jaeger/api/traces?service={service}&start={start}&end={end}&limit=200&lookback=custom"
        );
        let answer = ask("tracing", 80, &path)?;
        for trace in answer["data"].as_array().into_iter().flatten() {
            let trace = Trace::read(trace);
            traces.insert(trace.id.clone(), trace);
        }
    }
    Ok(traces.into_values().collect())
}

/// Waits until no more spans come in: nobody else uses the shop, and proxies and services have
/// sent what they had.
///
/// # Errors
/// When Jaeger cannot be asked, or the shop is in use.
pub(crate) fn quiet() -> anyhow::Result<()> {
    let begin = Instant::now();
    loop {
        let from = SystemTime::now();
        sleep(Duration::from_secs(7)); // longer than a batch of Envoy or of a service waits
        if since(from)?.is_empty() {
            return Ok(());
        }
        anyhow::ensure!(
            begin.elapsed() < Duration::from_secs(40),
            "others use the shop: stop the load, and every page with Live on"
        );
    }
}

/// The traces of the last seconds, once they have `spans` spans and no more come in.
///
/// # Errors
/// When Jaeger cannot be asked.
pub(crate) fn since_quiet(spans: usize) -> anyhow::Result<Vec<Trace>> {
    let begin = Instant::now();
    let from = SystemTime::now() - Duration::from_secs(5);
    let mut before = BTreeSet::new();
    loop {
        sleep(Duration::from_secs(6)); // longer than a batch of Envoy or of a service waits
        let traces = since(from)?;
        let now: BTreeSet<String> = traces
            .iter()
            .flat_map(|trace| trace.spans.iter().map(|span| span.id.clone()))
            .collect();
        let is_complete = now.len() >= spans && now == before;
        if is_complete || begin.elapsed() > Duration::from_secs(25) {
            return Ok(traces);
        }
        before = now;
    }
}
