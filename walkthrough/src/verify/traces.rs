//! Traces as Jaeger has them, and the tree that a page view should be.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::cluster::{ask, escaped};

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

/// How the services treat the headers that carry a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Unlinked,
    Predecessor,
    Headers,
    Linked,
}

/// The trees of a page view, in order, given which of its five calls, products first, came from a
/// cache.
pub(crate) fn forest(mode: Mode, cached: &[bool]) -> Vec<String> {
    const DOOR: &str = "web.widgetario (sidecar)\n";
    const PAGE: &str = "web.widgetario GET /api/shop\n";
    const CALL: &str = "web.widgetario GET\n";
    let hop = |number: usize| format!("{DOOR}  {} (sidecar)\n", api(number));
    let served = |number: usize| {
        let (api, route) = (
            api(number),
            if number == 0 {
                "/products"
            } else {
                "/stock/{id}"
            },
        );
        let statement = if cached[number] {
            String::new()
        } else {
            format!("  {api} SELECT products\n")
        };
        format!("{api} GET {route}\n{statement}")
    };
    let calls = 0..cached.len();
    let mut forest = match mode {
        Mode::Unlinked => {
            let mut forest = vec![
                DOOR.to_owned(),
                tree(PAGE, calls.clone().map(|_| CALL.into())),
            ];
            forest.extend(calls.clone().map(hop));
            forest.extend(calls.map(served));
            forest
        }
        Mode::Predecessor => {
            let mut forest = vec![DOOR.to_owned()];
            forest.extend(calls.map(hop));
            forest
        }
        Mode::Headers => vec![tree(DOOR, calls.map(hop))],
        Mode::Linked => {
            let call = |number| {
                let callee = tree(&format!("{} (sidecar)\n", api(number)), [served(number)]);
                tree(CALL, [tree(DOOR, [callee])])
            };
            vec![tree(DOOR, [tree(PAGE, calls.map(call))])]
        }
    };
    forest.sort();
    forest
}

fn api(call: usize) -> &'static str {
    match call {
        0 => "products-api.widgetario",
        _ => "stock-api.widgetario",
    }
}

/// A line, and below it, indented, what belongs there.
fn tree(root: &str, children: impl IntoIterator<Item = String>) -> String {
    let mut children: Vec<String> = children.into_iter().collect();
    children.sort();
    let children = children.concat();
    let children = children.lines().map(|line| format!("  {line}\n"));
    root.to_owned() + &children.collect::<String>()
}

/// By which a sidecar's span, and a service's, name the request: what is found of it is found by
/// neither time nor trace, so that a clock may be wrong and others may use the shop.
fn by_request(id: &str) -> anyhow::Result<Vec<Trace>> {
    let tags = [
        json!({ "guid:x-request-id": id }),
        // An array's text.
        json!({ "http.request.header.x-request-id": json!([id]).to_string() }),
    ];
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let day = Duration::from_hours(24);
    let (start, end) = (now.saturating_sub(day).as_micros(), (now + day).as_micros());
    let mut traces = BTreeMap::new();
    for (service, tags) in SERVICES
        .iter()
        .flat_map(|service| tags.iter().map(move |tags| (service, tags)))
    {
        let tags = escaped(&tags.to_string());
        let path = format!(
            "jaeger/api/traces?service={service}&tags={tags}&start={start}&end={end}\
             &lookback=custom&limit=200"
        );
        let answer = ask("tracing", 80, &path)?;
        for trace in answer["data"].as_array().into_iter().flatten() {
            let trace = Trace::read(trace);
            traces.insert(trace.id.clone(), trace);
        }
    }
    Ok(traces.into_values().collect())
}

/// The traces of a request, by its `x-request-id`, once they have `spans` spans and no more come
/// in.
///
/// # Errors
/// When Jaeger cannot be asked.
pub(crate) fn of_request(id: &str, spans: usize) -> anyhow::Result<Vec<Trace>> {
    /// Longer than a batch of Envoy or of a service waits.
    const QUIET: Duration = Duration::from_secs(7);
    const PATIENCE: Duration = Duration::from_secs(40);
    let begin = Instant::now();
    let (mut seen, mut count, mut grew) = (BTreeMap::<String, Trace>::new(), 0, begin);
    loop {
        // Under load Jaeger forgets within seconds: what was seen counts.
        for trace in by_request(id)? {
            let known = seen.get(&trace.id).map_or(0, |known| known.spans.len());
            if trace.spans.len() > known {
                count += trace.spans.len() - known;
                grew = Instant::now();
                seen.insert(trace.id.clone(), trace);
            }
        }
        if (count >= spans && grew.elapsed() > QUIET) || begin.elapsed() > PATIENCE {
            return Ok(seen.into_values().collect());
        }
        sleep(Duration::from_millis(500));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forests_have_as_many_trees_and_spans_as_the_documents_say() {
        for (mode, trees, spans) in [
            (Mode::Unlinked, 12, 27),
            (Mode::Predecessor, 6, 11),
            (Mode::Headers, 1, 11),
            (Mode::Linked, 1, 27),
        ] {
            let forest = forest(mode, &[false; 5]);
            assert_eq!(forest.len(), trees, "{mode:?}");
            assert_eq!(forest.concat().lines().count(), spans, "{mode:?}");
        }
    }

    #[test]
    fn what_the_cache_knew_is_not_asked_of_the_database() {
        let linked = forest(Mode::Linked, &[false, true, true, true, true]).concat();
        assert_eq!(linked.lines().count(), 23);
        assert!(
            linked.contains("            products-api.widgetario SELECT products\n"),
            "{linked}"
        );
    }
}
