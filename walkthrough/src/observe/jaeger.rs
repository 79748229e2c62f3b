//! Traces, read from Jaeger.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};

use super::RESERVED;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{ask_service, elements};
use crate::parallel::parallel;

/// The names under which a request's spans are reported: by the applications and their sidecars, which
/// share a name, by the waypoint, and by the ingress gateway.
const SERVICES: [&str; 5] = [
    "web.widgetario",
    "products-api.widgetario",
    "stock-api.widgetario",
    WAYPOINT,
    GATEWAY,
];
const WAYPOINT: &str = "waypoint.widgetario";
const GATEWAY: &str = "istio-ingressgateway.istio-system";

/// A proxy that reports spans. ztunnel is none: it carries connections, and knows no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// In the pod of an application.
    Sidecar,
    /// Before Services of the ambient mesh.
    Waypoint,
    /// Where visitors enter the mesh.
    Gateway,
}

impl Proxy {
    /// What people call it, such as `sidecar`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::Waypoint => "waypoint",
            Self::Gateway => "gateway",
        }
    }

    /// The proxy that reports under the name `service`.
    fn of(service: &str) -> Self {
        match service {
            WAYPOINT => Self::Waypoint,
            GATEWAY => Self::Gateway,
            _ => Self::Sidecar,
        }
    }
}

/// A span: who recorded it, its name, and its parent.
#[derive(Clone, Debug)]
pub struct Span {
    /// Unique within its trace.
    pub id: String,
    /// The id of the parent; absent where the trace begins.
    pub parent: Option<String>,
    /// Such as `web.widgetario`.
    pub service: String,
    /// Such as `GET /api/shop`.
    pub name: String,
    /// The proxy that reports it; `None` when the application does.
    pub proxy: Option<Proxy>,
    /// When it began, in microseconds since 1970.
    pub start: f64,
    /// In microseconds.
    pub duration: f64,
}

/// The spans that share a trace id.
pub struct Trace {
    /// In hexadecimal digits.
    pub id: String,
    /// In no particular order.
    pub spans: Vec<Span>,
}

impl Span {
    /// The application of the shop in whose pod the span was recorded, such as `web`; for any other
    /// service, the whole name under which it reports.
    pub fn app(&self) -> &str {
        match self.service.split_once('.') {
            Some((app, SHOP)) => app,
            _ => &self.service,
        }
    }

    fn read(span: &Value, processes: &Value) -> Self {
        let process = text(&span["processID"]);
        let parent = elements(&span["references"]).find(|known| known["refType"] == "CHILD_OF");
        let service = text(&processes[process]["serviceName"]);
        let is_proxy =
            elements(&span["tags"]).any(|tag| tag["key"] == "component" && tag["value"] == "proxy");
        Self {
            id: text(&span["spanID"]),
            parent: parent.map(|parent| text(&parent["spanID"])),
            name: text(&span["operationName"]),
            proxy: is_proxy.then(|| Proxy::of(&service)),
            start: span["startTime"].as_f64().unwrap_or_default(),
            duration: span["duration"].as_f64().unwrap_or_default(),
            service,
        }
    }
}

impl Trace {
    /// A trace by its id, as far as it has arrived.
    ///
    /// # Errors
    /// When Jaeger cannot be asked.
    pub(crate) fn get(id: &str) -> anyhow::Result<Option<Self>> {
        let Ok(traces) = ask(&format!("traces/{id}")) else {
            // Either the trace has not arrived, or there is no Jaeger.
            ask("services")?;
            return Ok(None);
        };
        Ok(elements(&traces["data"]).next().map(Self::read))
    }

    fn read(trace: &Value) -> Self {
        let spans = elements(&trace["spans"]);
        Self {
            id: text(&trace["traceID"]),
            spans: spans
                .map(|span| Span::read(span, &trace["processes"]))
                .collect(),
        }
    }

    /// The spans whose parent is not among them.
    pub fn roots(&self) -> Vec<&Span> {
        let is_here = |id: &String| self.spans.iter().any(|span| span.id == *id);
        let roots = self.spans.iter();
        roots
            .filter(|span| !span.parent.as_ref().is_some_and(is_here))
            .collect()
    }

    /// The spans whose parent is `span`.
    pub fn children(&self, span: &Span) -> Vec<&Span> {
        let children = self.spans.iter();
        children
            .filter(|child| child.parent.as_ref() == Some(&span.id))
            .collect()
    }

    /// A line for each span, the lines of its children below it, sorted by their text.
    pub(crate) fn tree(&self) -> String {
        self.roots()
            .iter()
            .map(|root| self.below(root, 0))
            .collect()
    }

    fn below(&self, span: &Span, depth: usize) -> String {
        let name = match span.proxy {
            Some(proxy) => format!("({})", proxy.name()),
            None => span.name.clone(),
        };
        let line = format!("{}{} {name}\n", "  ".repeat(depth), span.service);
        let children = self.children(span).into_iter();
        let mut children: Vec<String> =
            children.map(|child| self.below(child, depth + 1)).collect();
        children.sort();
        line + &children.concat()
    }
}

fn ask(path: &str) -> anyhow::Result<Value> {
    ask_service("tracing", 80, &format!("jaeger/api/{path}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The traces of a request as far as they have arrived, by its `x-request-id`. The spans of
/// proxies and of services name the request in a tag. Found by this tag, a trace does not depend
/// on the clock, nor on other visitors of the shop.
fn by_request(id: &str) -> anyhow::Result<Vec<Trace>> {
    let tags = [
        json!({ "guid:x-request-id": id }),
        // Jaeger stores an array as text.
        json!({ "http.request.header.x-request-id": json!([id]).to_string() }),
    ];
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let day = Duration::from_hours(24);
    let (start, end) = (now.saturating_sub(day).as_micros(), (now + day).as_micros());
    let tags = tags.map(|tags| utf8_percent_encode(&tags.to_string(), RESERVED).to_string());
    let queries = SERVICES.iter().flat_map(|service| {
        let query = move |tags| format!("traces?service={service}&tags={tags}");
        tags.iter().map(query)
    });
    let answers = parallel(SERVICES.len(), queries, |query| {
        ask(&format!(
            "{query}&start={start}&end={end}&lookback=custom&limit=200"
        ))
    });
    let mut traces = BTreeMap::new();
    for answer in answers {
        for trace in elements(&answer?["data"]).map(Trace::read) {
            traces.insert(trace.id.clone(), trace);
        }
    }
    Ok(traces.into_values().collect())
}

/// The traces of a request that was just answered, by its `x-request-id`, in the order of their ids.
/// Waits until they have `spans` spans and no more can arrive, for 40 s at most.
///
/// # Errors
/// When Jaeger cannot be asked.
pub fn of_request(id: &str, spans: usize) -> anyhow::Result<Vec<Trace>> {
    /// Longer than Envoy or a service keeps a span before it sends it, which is 5 s.
    const LATEST: Duration = Duration::from_secs(7);
    /// Longer than what was sent takes to arrive.
    const QUIET: Duration = Duration::from_millis(1500);
    const DEADLINE: Duration = Duration::from_secs(40);
    let begin = Instant::now();
    let (mut seen, mut count, mut grew) = (BTreeMap::<String, Trace>::new(), 0, begin);
    loop {
        // Under load Jaeger forgets traces within seconds, so all that were seen once count.
        for trace in by_request(id)? {
            let known = seen.get(&trace.id).map_or(0, |known| known.spans.len());
            if trace.spans.len() > known {
                count += trace.spans.len() - known;
                grew = Instant::now();
                seen.insert(trace.id.clone(), trace);
            }
        }
        let is_over = begin.elapsed() > LATEST && grew.elapsed() > QUIET;
        if (count >= spans && is_over) || begin.elapsed() > DEADLINE {
            return Ok(seen.into_values().collect());
        }
        sleep(Duration::from_millis(500));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_told_by_a_tag_and_by_the_name_under_which_they_report() {
        let proxy = |service: &str, component: &str| {
            let tags = json!([{ "key": "component", "value": component }]);
            let span = json!({ "spanID": "1", "processID": "p1", "tags": tags });
            Span::read(&span, &json!({ "p1": { "serviceName": service } })).proxy
        };
        assert_eq!(proxy("web.widgetario", "proxy"), Some(Proxy::Sidecar));
        assert_eq!(proxy("waypoint.widgetario", "proxy"), Some(Proxy::Waypoint));
        let gateway = proxy("istio-ingressgateway.istio-system", "proxy");
        assert_eq!(gateway, Some(Proxy::Gateway));
        assert_eq!(proxy("web.widgetario", ""), None);
    }
}
