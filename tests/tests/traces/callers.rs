//! A page view through the mesh for a caller outside that is in a trace already.

use crate::collector::{Span, trees};
use crate::mesh::{Mesh, page_tree};
use crate::proxy::Tracer;
use crate::trees::{CALLER, PAGE, TRACE};

/// The trace of a page view that follows the one in question.
const NEXT: &str = "80f198ee56343ba864fe8b2a57d3eff7";

impl Mesh {
    /// The trees of a page view with `headers`: all of them, and no others. A page view of a new
    /// trace has so many `spans`.
    fn trees_of(&self, headers: &[(&str, &str)], spans: usize) -> Vec<String> {
        self.page(headers);
        // Each process sends its spans in their order: once the next view's are complete, so are
        // those of this one.
        let w3c = format!("00-{NEXT}-{CALLER}-01");
        let b3 = format!("{NEXT}-{CALLER}-1");
        self.page(&[("traceparent", &w3c), ("b3", &b3)]);
        let is_next = |span: &Span| span.trace == NEXT;
        self.collector.wait_for(spans, is_next);
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
            _ => page_tree(),
        };
        for (headers, fate) in headers.into_iter().zip(fates) {
            let trees = mesh.trees_of(headers, page.lines().count());
            let context = format!("{tracer:?}, {order}, {headers:?}: {fate:?}");
            assert_eq!(trees, fate.trees(&page), "{context}");
        }
    }
}
