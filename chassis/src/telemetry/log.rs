//! The log: one line an event on standard error, for people or for machines.
//!
//! Lines of a request end with its `trace_id` and `span_id`, and with its `request_id`, which is in
//! Envoy's access log, too, and so joins the two.

use std::fmt;
use std::io::stderr;

use clap::ValueEnum;
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::format::{DefaultFields, Format, Full, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt as lines};

use crate::colour::has_colour;
use crate::telemetry::ids::Ids;
use crate::telemetry::span::SPAN;

/// How a log line is written.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Starts the log of this process: writes lines in `format` for what `targets` lets through, and
/// hands spans to `tracer`.
pub(crate) fn start(format: LogFormat, targets: &Targets, tracer: Option<SdkTracer>) {
    // Spans do not belong in the log: their fields would stand in each line.
    let filter = targets.clone().with_target(SPAN, LevelFilter::OFF);
    let colour = has_colour();
    let lines = lines::layer().with_writer(stderr);
    let lines = match format {
        LogFormat::Text => {
            let format = WithIds(Format::default().with_target(false).with_ansi(colour));
            lines.with_ansi(colour).event_format(format).boxed()
        }
        LogFormat::Json => {
            let format = Format::default().json().flatten_event(true);
            let format = WithIds(
                format
                    .with_target(false)
                    .with_current_span(false)
                    .with_span_list(false),
            );
            lines
                .fmt_fields(JsonFields::new())
                .event_format(format)
                .boxed()
        }
    };
    let spans = tracer.map(|tracer| {
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_level(false)
            .with_filter(filter_fn(|span| span.target() == SPAN))
    });
    tracing_subscriber::registry()
        .with(spans)
        .with(lines.with_filter(filter))
        .init();
}

/// Adds the ids of the request to what a format of tracing-subscriber writes.
struct WithIds<F>(Format<F>);

impl<S> FormatEvent<S, DefaultFields> for WithIds<Full>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, DefaultFields>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let id = |name: &str, id: String| format!(" {name}={id}");
        write(&self.0, context, writer, event, ("", id))
    }
}

impl<S> FormatEvent<S, JsonFields> for WithIds<Json>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let id = |name: &str, id: String| format!(",\"{name}\":{}", serde_json::Value::from(id));
        write(&self.0, context, writer, event, ("}", id))
    }
}

/// Writes the event with the ids before the line's `end`, each formatted by `id`.
fn write<F, S, N>(
    format: &Format<F>,
    context: &FmtContext<'_, S, N>,
    mut writer: Writer<'_>,
    event: &Event<'_>,
    (end, id): (&str, impl Fn(&str, String) -> String),
) -> fmt::Result
where
    Format<F>: FormatEvent<S, N>,
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    let mut line = String::new();
    format.format_event(context, Writer::new(&mut line), event)?;
    let line = line.trim_end();
    writer.write_str(line.strip_suffix(end).unwrap_or(line))?;
    for (name, value) in ids() {
        writer.write_str(&id(name, value))?;
    }
    writeln!(writer, "{end}")
}

fn ids() -> impl Iterator<Item = (&'static str, String)> {
    let ids = Ids::current();
    let named = [
        ("trace_id", ids.trace_id),
        ("span_id", ids.span_id),
        ("request_id", ids.request_id),
    ];
    named.into_iter().filter_map(|(name, id)| Some((name, id?)))
}
