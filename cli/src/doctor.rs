//! `widgetario doctor`: one page view, and at which hop its trace breaks, if it does.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use serde_json::Value;

use crate::verify::traces::{Span, Trace};

/// Where the shop is.
#[derive(Args)]
pub(crate) struct Options {
    /// The shop, as a visitor reaches it
    #[arg(long, default_value = "http://localhost:8010")]
    url: String,
}

/// A hop of the page view: whose span there is, and what its absence means.
struct Hop {
    service: &'static str,
    is_proxy: bool,
    name: &'static str,
    missing: &'static str,
}

const HOPS: [Hop; 6] = [
    Hop {
        service: "web.widgetario",
        is_proxy: true,
        name: "web's sidecar takes the request",
        missing: "no sidecar, or no tracing: is the pod injected, and is the Telemetry mesh-default \
                  in istio-system?",
    },
    Hop {
        service: "web.widgetario",
        is_proxy: false,
        name: "web serves the page",
        missing: "web records nothing: is OTEL_SDK_DISABLED set, or OTEL_EXPORTER_OTLP_ENDPOINT not?",
    },
    Hop {
        service: "products-api.widgetario",
        is_proxy: true,
        name: "products-api's sidecar takes web's call",
        missing: "web sent no headers: is OTEL_PROPAGATORS=none?",
    },
    Hop {
        service: "products-api.widgetario",
        is_proxy: false,
        name: "products-api answers",
        missing: "products-api records nothing, or under another trace: look at its OTEL_ variables",
    },
    Hop {
        service: "stock-api.widgetario",
        is_proxy: true,
        name: "stock-api's sidecar takes web's calls",
        missing: "the calls failed before stock-api: see `calls` of /api/shop",
    },
    Hop {
        service: "stock-api.widgetario",
        is_proxy: false,
        name: "stock-api answers",
        missing: "stock-api records nothing, or under another trace: look at its OTEL_ variables",
    },
];

/// Views the page once and explains its trace, hop by hop; the status tells whether it links.
///
/// # Errors
/// When the shop or Jaeger does not answer.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let url = format!("{}/api/shop", options.url.trim_end_matches('/'));
    let config = ureq::Agent::config_builder().proxy(None).build();
    let mut answer = ureq::Agent::from(config)
        .get(&url)
        .call()
        .with_context(|| format!("{url} did not answer: is the shop deployed?"))?;
    let shop: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    let Some(id) = shop["trace_id"].as_str() else {
        println!("web is in no trace: no proxy sent one, and OTEL_SDK_DISABLED=true.");
        return Ok(ExitCode::FAILURE);
    };
    println!("One page view, trace {id}:\n");
    let trace = arrived(id)?;
    let spans = trace.as_ref().map_or(&[][..], |trace| &trace.spans);
    let mut broken = false;
    for hop in HOPS {
        let is_hop = |span: &&Span| span.service == hop.service && span.is_proxy == hop.is_proxy;
        let count = spans.iter().filter(is_hop).count();
        if count > 0 {
            println!("  ok       {} ({count} spans)", hop.name);
        } else {
            broken = true;
            println!("  MISSING  {}: {}", hop.name, hop.missing);
        }
    }
    let roots = trace.as_ref().map_or(0, |trace| trace.roots().len());
    if roots > 1 {
        broken = true;
        println!(
            "\n{roots} spans have no parent here: a proxy and the services speak different headers."
        );
        println!(
            "In a mesh whose tracer speaks B3 alone, set OTEL_PROPAGATORS=b3multi,tracecontext,baggage."
        );
    }
    let tree = trace.as_ref().map(Trace::tree).unwrap_or_default();
    println!(
        "\n{tree}\n{}",
        if broken {
            "The trace is broken."
        } else {
            "The trace links."
        }
    );
    Ok(if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The trace, once no more of it arrives.
fn arrived(id: &str) -> anyhow::Result<Option<Trace>> {
    let begin = Instant::now();
    let mut before = 0;
    loop {
        sleep(Duration::from_secs(3));
        let trace = Trace::get(id)?;
        let count = trace.as_ref().map_or(0, |trace| trace.spans.len());
        if (count > 0 && count == before) || begin.elapsed() > Duration::from_secs(25) {
            return Ok(trace);
        }
        before = count;
    }
}
