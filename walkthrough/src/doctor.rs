//! `widgetario doctor`: views the page once, and says at which hop its trace breaks, if it does.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use chassis::say;
use clap::Args;

use crate::cleanup;
use crate::cluster::consent::Consent;
use crate::entrance::{Entrances, SHOP_BY_HAND};
use crate::observe::jaeger::{Span, Trace, of_request};
use crate::observe::page::Page;
use crate::observe::shop::ShopClient;
use crate::prose::Prose;

/// Where the shop is.
#[derive(Args)]
pub struct Options {
    /// The shop, as a visitor reaches it; by default at localhost:8010, or by a port-forward where that
    /// does not answer
    #[arg(long)]
    url: Option<String>,

    #[command(flatten)]
    consent: Consent,
}

/// What was found at a hop.
enum Finding {
    Links(String),
    /// The hop is not recorded, but the trace does not break there.
    Silent(String),
    Breaks(String),
}

/// Views the page once and explains its trace, hop by hop; the status tells whether it links.
///
/// # Errors
/// When the shop or Jaeger does not answer.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let prose = Prose { beside_json: false };
    let mut entrances = Entrances::new(options.url.as_deref(), None, prose);
    // A port-forward needs a pod in the cluster.
    if options.consent.check().is_ok() {
        cleanup::watch_for_interruption()?;
        entrances.open_shop()?;
    }
    let page = view(entrances.shop())?;
    let Some(id) = page.trace_id() else {
        say!(
            "web is in no trace: it takes none from its sidecar (OTEL_PROPAGATORS=none) and begins \
             none (OTEL_SDK_DISABLED=true), or no sidecar traces (the Telemetry mesh-default)."
        )?;
        return Ok(ExitCode::FAILURE);
    };
    say!("One page view, trace {id}:\n")?;
    let (trace, others) = arrived(id, page.request_id())?;
    let mut breaks = false;
    for finding in findings(&page, trace.as_ref(), &others) {
        match finding {
            Finding::Links(text) => say!("  links   {text}")?,
            Finding::Silent(text) => say!("  silent  {text}")?,
            Finding::Breaks(text) => {
                breaks = true;
                say!("  BREAKS  {text}")?;
            }
        }
    }
    say!("\n{}", trace.as_ref().map(Trace::tree).unwrap_or_default())?;
    if breaks {
        say!("The trace breaks.")?;
        return Ok(ExitCode::FAILURE);
    }
    say!("The trace links.")?;
    Ok(ExitCode::SUCCESS)
}

/// What was found at each hop, in the order of the hops.
fn findings(page: &Page, trace: Option<&Trace>, others: &[Trace]) -> Vec<Finding> {
    let spans = trace.map_or(&[][..], |trace| &trace.spans);
    let mut findings = vec![entrance(spans), recorded("web", spans)];
    for api in ["products-api", "stock-api"] {
        findings.push(call(api, page, spans));
        findings.push(recorded(api, spans));
    }
    findings.extend(others.iter().map(separate));
    let roots = trace.map_or(0, |trace| trace.roots().len());
    if roots > 1 {
        findings.push(Finding::Breaks(format!(
            "{roots} spans have no parent here: sidecars and services speak different headers; \
             where the tracer speaks B3 alone, set OTEL_PROPAGATORS=b3multi,tracecontext,baggage"
        )));
    }
    findings
}

/// The shop's content, which names the trace and says what happened to each call.
fn view(url: &str) -> anyhow::Result<Page> {
    let page = ShopClient::at(url).view();
    let (status, body) = (page.status, page.body.trim());
    ensure!(
        status != 0,
        "{url} does not answer ({body}): is the shop deployed, as `kubectl get pods -n widgetario` \
         shows? Then `{SHOP_BY_HAND}` opens it"
    );
    ensure!(
        status == 200,
        "{url} answers {status}, so there is no page to follow: {body}"
    );
    if let Some(error) = page.misread() {
        bail!(
            "{url} answers what is no content of a shop ({error}): is its image of this version?"
        );
    }
    Ok(page)
}

fn is_of(span: &Span, app: &str, is_proxy: bool) -> bool {
    span.app() == app && span.is_proxy == is_proxy
}

/// The entrance: the span of web's sidecar must be above web's own.
fn entrance(spans: &[Span]) -> Finding {
    let of_web = |id: &String| {
        spans
            .iter()
            .any(|span| span.id == *id && is_of(span, "web", false))
    };
    let above =
        |span: &&Span| is_of(span, "web", true) && !span.parent.as_ref().is_some_and(of_web);
    if spans.iter().any(|span| above(&span)) {
        Finding::Links("web goes on with the trace of its sidecar".into())
    } else {
        Finding::Breaks(
            "web is not in its sidecar's trace: it reads no headers (OTEL_PROPAGATORS=none), or \
             the sidecar traces nothing (the Telemetry mesh-default), or there is none"
                .into(),
        )
    }
}

/// Whether a service itself records spans.
fn recorded(app: &str, spans: &[Span]) -> Finding {
    match spans.iter().filter(|span| is_of(span, app, false)).count() {
        0 => Finding::Silent(format!(
            "{app} records nothing in this trace: OTEL_SDK_DISABLED=true, a collector that it does \
             not reach, or a trace of its own (OTEL_PROPAGATORS=none)"
        )),
        count => Finding::Links(format!("{app} records {count} spans")),
    }
}

/// The way from web to an API: the spans of the API's sidecar must be in the trace.
fn call(api: &str, page: &Page, spans: &[Span]) -> Finding {
    let calls = || page.calls().iter().filter(|call| call.service == api);
    let error = calls().find_map(|call| call.error.as_ref());
    let seen = spans.iter().filter(|span| is_of(span, api, true)).count();
    let calls = calls().count();
    match (seen, error) {
        (0, Some(error)) => Finding::Breaks(format!("web's call of {api} failed: {error:?}")),
        (1.., None) if seen < calls => Finding::Breaks(format!(
            "{api}'s sidecar has {seen} of web's {calls} calls in this trace"
        )),
        (0, None) => Finding::Breaks(format!(
            "web's calls carry no trace to {api}'s sidecar: OTEL_PROPAGATORS=none in web"
        )),
        (seen, _) => Finding::Links(format!("{api}'s sidecar takes {seen} calls of web")),
    }
}

/// A trace of the same request, separate from the one that is followed.
fn separate(trace: &Trace) -> Finding {
    let roots = trace.roots();
    let begins = roots.first().map_or(String::new(), |root| {
        let by = if root.is_proxy { "'s sidecar" } else { "" };
        format!(
            "; {}{by} began it, without the headers of its caller",
            root.service
        )
    });
    let (id, count) = (&trace.id, trace.spans.len());
    Finding::Breaks(format!(
        "{count} spans of this request are in a trace apart, {id}{begins}"
    ))
}

/// The trace, if it has arrived, and the others of the same request, once no more spans arrive.
fn arrived(id: &str, request: Option<&str>) -> anyhow::Result<(Option<Trace>, Vec<Trace>)> {
    // Without a sidecar, the request has no id.
    let Some(request) = request else {
        return Ok((by_id(id)?, Vec::new()));
    };
    let mut traces = of_request(request, 1)?;
    let position = traces.iter().position(|trace| trace.id == id);
    Ok((position.map(|position| traces.remove(position)), traces))
}

/// The trace with this id, once no more of its spans arrive.
fn by_id(id: &str) -> anyhow::Result<Option<Trace>> {
    let begin = Instant::now();
    let mut before = 0;
    loop {
        sleep(Duration::from_secs(4));
        let trace = Trace::get(id)?;
        let count = trace.as_ref().map_or(0, |trace| trace.spans.len());
        if (count > 0 && count == before) || begin.elapsed() > Duration::from_secs(25) {
            return Ok(trace);
        }
        before = count;
    }
}
