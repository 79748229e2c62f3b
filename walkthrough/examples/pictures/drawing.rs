//! Traces as an SVG picture: a line a span, on a time axis that all traces share.

use std::fmt::Write as _;

use crate::jaeger::{Span, Trace};

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

/// The picture of one visit's traces.
pub(crate) fn draw(traces: &[Trace]) -> String {
    let begin = traces
        .iter()
        .map(Trace::start)
        .fold(f64::INFINITY, f64::min);
    let end = traces.iter().map(Trace::end).fold(0.0, f64::max);
    let scale = (WIDTH - NAMES - 8.0) / (end - begin).max(1.0);
    let (mut body, mut y) = (String::new(), 2.0);
    for trace in traces {
        let spans = trace.tree();
        #[expect(clippy::cast_precision_loss, reason = "a trace has few spans")]
        let height = HEADING + spans.len() as f64 * LINE + 4.0;
        let count = spans.len();
        let plural = if count == 1 { "" } else { "s" };
        let _ = write!(
            body,
            "<rect class=\"frame\" x=\"1\" y=\"{y}\" width=\"{}\" height=\"{height}\" rx=\"6\"/>\
             <text class=\"trace\" x=\"8\" y=\"{}\">trace {} · {count} span{plural}</text>",
            WIDTH - 2.0,
            y + 15.0,
            &trace.id[..8],
        );
        for (number, (depth, span)) in spans.into_iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a trace has few spans")]
            let (top, left) = (
                y + HEADING + number as f64 * LINE,
                8.0 + depth as f64 * INDENT,
            );
            let _ = write!(
                body,
                "<text x=\"{left}\" y=\"{}\">{}</text>\
                 <rect class=\"{}{}\" x=\"{:.1}\" y=\"{}\" width=\"{:.1}\" height=\"9\" rx=\"2\"/>",
                top + 12.0,
                escaped(&name(span)),
                span.service,
                if span.is_proxy { " proxy" } else { "" },
                NAMES + (span.start - begin) * scale,
                top + 4.0,
                (span.duration * scale).max(2.0),
            );
        }
        y += height + 6.0;
    }
    let (count, plural) = (traces.len(), if traces.len() == 1 { "" } else { "s" });
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" role=\"img\" \
         aria-label=\"One visit: {count} trace{plural}\"><style>{STYLE}</style>{body}</svg>\n"
    )
}

fn name(span: &Span) -> String {
    if span.is_proxy {
        format!("{}'s sidecar", span.service)
    } else {
        format!("{} {}", span.service, span.name)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
