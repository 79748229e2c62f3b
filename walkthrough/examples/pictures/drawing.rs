//! Traces as an SVG picture: a line a span, on a time axis that all traces share.

use std::fmt::Write as _;

use walkthrough::observe::jaeger::{Proxy, Span, Trace};

const WIDTH: f64 = 460.0;
const LINE: f64 = 17.0;
const HEADING: f64 = 22.0;
const NAMES: f64 = 218.0;
const INDENT: f64 = 7.0;

/// Colours for light and dark; proxies' spans are pale.
const STYLE: &str = "\
text{font:11px ui-monospace,Consolas,monospace;fill:#24302b}\
.trace{font:600 12px system-ui,sans-serif}\
.frame{fill:none;stroke:#b9c7c0}\
.web{fill:#12715a}.products-api{fill:#b4600f}.stock-api{fill:#3566b8}\
.proxy{opacity:.5}\
@media(prefers-color-scheme:dark){text{fill:#dfe9e4}.frame{stroke:#3d4d46}\
.web{fill:#4fc79d}.products-api{fill:#eda35a}.stock-api{fill:#84abf0}}";

/// The picture of one visit's traces, the earliest first.
pub(crate) fn draw(mut traces: Vec<Trace>) -> String {
    traces.sort_by(|left, right| begin(left).total_cmp(&begin(right)));
    let axis = Axis::of(&traces);
    let (mut body, mut y) = (String::new(), 2.0);
    for trace in &traces {
        let spans = by_time(trace, &trace.roots(), 0);
        #[expect(clippy::cast_precision_loss, reason = "a trace has few spans")]
        let height = HEADING + spans.len() as f64 * LINE + 4.0;
        let (count, plural) = counted(spans.len());
        let _ = write!(
            body,
            "<rect class=\"frame\" x=\"1\" y=\"{y}\" width=\"{}\" height=\"{height}\" rx=\"6\"/>\
             <text class=\"trace\" x=\"8\" y=\"{}\">trace {} · {count} span{plural}</text>",
            WIDTH - 2.0,
            y + 15.0,
            &trace.id[..8],
        );
        let mut top = y + HEADING;
        for (depth, span) in spans {
            body.push_str(&axis.line(span, depth, top));
            top += LINE;
        }
        y += height + 6.0;
    }
    let (count, plural) = counted(traces.len());
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" role=\"img\" \
         aria-label=\"One visit: {count} trace{plural}\"><style>{STYLE}</style>{body}</svg>\n"
    )
}

/// The time axis of all traces.
struct Axis {
    /// In microseconds since 1970.
    begin: f64,
    /// Of the picture's units, in a microsecond.
    scale: f64,
}

impl Axis {
    fn of(traces: &[Trace]) -> Self {
        let begin = traces.iter().map(begin).fold(f64::INFINITY, f64::min);
        let end = traces.iter().map(end).fold(0.0, f64::max);
        Self {
            begin,
            scale: (WIDTH - NAMES - 8.0) / (end - begin).max(1.0),
        }
    }

    /// A span's line, with its name and its time.
    fn line(&self, span: &Span, depth: u32, top: f64) -> String {
        format!(
            "<text x=\"{}\" y=\"{}\">{}</text>\
             <rect class=\"{}{}\" x=\"{:.1}\" y=\"{}\" width=\"{:.1}\" height=\"9\" rx=\"2\"/>",
            8.0 + f64::from(depth) * INDENT,
            top + 12.0,
            escaped(&name(span)),
            span.app(),
            if span.proxy.is_some() { " proxy" } else { "" },
            NAMES + (span.start - self.begin) * self.scale,
            top + 4.0,
            (span.duration * self.scale).max(2.0),
        )
    }
}

/// When the first span of a trace began.
fn begin(trace: &Trace) -> f64 {
    let starts = trace.spans.iter().map(|span| span.start);
    starts.fold(f64::INFINITY, f64::min)
}

/// When the last span of a trace ended.
fn end(trace: &Trace) -> f64 {
    let ends = trace.spans.iter().map(|span| span.start + span.duration);
    ends.fold(0.0, f64::max)
}

/// `spans` of a trace and all below them, each with its depth, below its parent, in the order of time.
fn by_time<'a>(trace: &'a Trace, spans: &[&'a Span], depth: u32) -> Vec<(u32, &'a Span)> {
    let mut spans = spans.to_vec();
    spans.sort_by(|left, right| left.start.total_cmp(&right.start));
    let with_children = spans.into_iter().flat_map(|span| {
        let children = by_time(trace, &trace.children(span), depth + 1);
        [(depth, span)].into_iter().chain(children)
    });
    with_children.collect()
}

/// A count, and the ending of what is counted.
fn counted(count: usize) -> (usize, &'static str) {
    (count, if count == 1 { "" } else { "s" })
}

fn name(span: &Span) -> String {
    match span.proxy {
        Some(Proxy::Sidecar) => format!("{}'s sidecar", span.app()),
        Some(_) => span.app().to_owned(),
        None => format!("{} {}", span.app(), span.name),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
