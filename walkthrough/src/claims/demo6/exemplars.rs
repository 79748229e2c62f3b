//! From a slow request in a histogram to its trace.

use std::collections::BTreeSet;

use crate::claims::analysis;
use crate::claims::claim::{Claim, abridged};
use crate::claims::proportion::{Share, judge};
use crate::claims::routes;
use crate::claims::target::Target;
use crate::observe::exemplars::{Exemplar, of_the_shop};
use crate::observe::jaeger::{Span, Trace};
use crate::observe::page::Page;
use crate::observe::prometheus::scrape_targets;
use crate::observe::wait::eventually;

const SERVICES: [&str; 3] = ["web", "products-api", "stock-api"];
/// What the stage injects: the same number as in its file.
const DELAYED: f64 = 0.02;
/// Far below the delay of 1.5 s, and far above what the shop needs.
const SLOW_SECONDS: f64 = 1.4;
/// The stock-api that serves a slow call takes less: a few milliseconds, on a busy laptop some more.
const AT_ONCE_SECONDS: f64 = 0.1;
/// Each product of a page is a row, and a call of stock-api.
const ROWS: i32 = 4;
/// Pages with so many calls of stock-api that a slow one is among them.
const PAGES: usize = 400;
/// By how much a service's measurement of a request, and its span, may differ on a busy laptop.
const MEASURING_SECONDS: f64 = 0.05;

pub(in crate::claims) fn exemplars(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("stock-api")?;
    let before = of_the_shop()?;
    let [slow_calls, slow_pages] = slow_ones(target);
    let mut new = Vec::new();
    eventually(|| {
        new = of_the_shop()?;
        new.retain(|exemplar| !before.contains(exemplar));
        Ok((named(&new).len() == SERVICES.len() && slow(&new).is_some()).then_some(()))
    })?;
    let dot = slow(&new);
    let mut claims = vec![
        route,
        slow_calls,
        slow_pages,
        services(&new),
        by_the_sidecars()?,
    ];
    claims.push(Claim::new(
        "the bucket of web's slow pages names one, too",
        dot.is_some(),
        dot.map_or("no exemplar".into(), |dot| {
            format!("{:.4} s, trace {}", dot.seconds, dot.trace_id)
        }),
    ));
    if let Some(dot) = dot {
        claims.extend(trace(dot)?);
    }
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

/// How many calls are slow, and how many of the pages that wait for them.
fn slow_ones(target: &Target) -> [Claim; 2] {
    let mut pages = Vec::new();
    let text = "2 % of the calls of stock-api take 1.5 s";
    let calls = judge(text, DELAYED, PAGES, |n| {
        pages = target.shop.views(n, &[]);
        let calls = pages.iter().flat_map(Page::stock_calls);
        Share::count(calls, |call| call.latency_ms >= 1000.0 * SLOW_SECONDS)
    });
    let text = "and one page in thirteen does: 1 - 0.98 to the power of 4 is 7.8 %";
    let waiting = judge(text, 1.0 - (1.0 - DELAYED).powi(ROWS), PAGES, |n| {
        // Only a second count needs more visits.
        if pages.len() < n {
            pages = target.shop.views(n, &[]);
        }
        Share::count(&pages, |page| page.seconds >= SLOW_SECONDS)
    });
    [calls, waiting]
}

/// The services that named traces.
fn named(exemplars: &[Exemplar]) -> BTreeSet<&str> {
    exemplars
        .iter()
        .map(|exemplar| exemplar.app.as_str())
        .collect()
}

/// The last slow request of web.
fn slow(exemplars: &[Exemplar]) -> Option<&Exemplar> {
    let is_slow = |exemplar: &&Exemplar| exemplar.app == "web" && exemplar.seconds >= SLOW_SECONDS;
    let slow = exemplars.iter().filter(is_slow);
    slow.max_by(|one, other| one.time.total_cmp(&other.time))
}

fn services(exemplars: &[Exemplar]) -> Claim {
    let named = named(exemplars);
    Claim::new(
        "the histograms of all three services name traces of these minutes, and Prometheus keeps them",
        SERVICES.iter().all(|service| named.contains(service)),
        format!(
            "{} new ones, of {}",
            exemplars.len(),
            named.into_iter().collect::<Vec<_>>().join(", ")
        ),
    )
}

/// Prometheus asks the sidecars, which ask the services.
fn by_the_sidecars() -> anyhow::Result<Claim> {
    let targets = scrape_targets()?;
    let is_of_a_service = |pod: &str| {
        let mut services = SERVICES.iter();
        services.any(|service| pod.starts_with(&format!("{service}-")))
    };
    let urls = targets
        .iter()
        .filter(|target| target.pod.as_deref().is_some_and(is_of_a_service))
        .map(|target| target.url.clone());
    let (merged, others): (Vec<_>, Vec<_>) =
        urls.partition(|url| url.ends_with(":15020/stats/prometheus"));
    Ok(Claim::new(
        "they come through the sidecars, whose port 15020 merges both metrics",
        merged.len() >= SERVICES.len() && others.is_empty(),
        format!("{} pods, others: {}", merged.len(), abridged(&others)),
    ))
}

/// The trace of a slow page says where the time went.
fn trace(dot: &Exemplar) -> anyhow::Result<[Claim; 2]> {
    let mut took = None;
    let mut waited = None;
    eventually(|| {
        let trace = Trace::get(&dot.trace_id)?;
        let of_page = |trace: &Trace| {
            let page = trace.spans.iter().find(|span| span.id == dot.span_id)?;
            took = Some(seconds(page));
            waited_for(trace, page)
        };
        waited = trace.as_ref().and_then(of_page);
        Ok(waited)
    })?;
    let known = |seconds: Option<f64>| seconds.map_or("none".into(), |took| format!("{took:.4} s"));
    let (call, served) = waited.unzip();
    Ok([
        Claim::new(
            "the trace is in Jaeger, with web's span of that page: it took as long",
            took.is_some_and(|took| (took - dot.seconds).abs() < MEASURING_SECONDS),
            format!("{} of {:.4} s", known(took), dot.seconds),
        ),
        Claim::new(
            "the page waited for one call of stock-api, which stock-api itself served at once",
            call.is_some_and(|call| call >= SLOW_SECONDS)
                && served.is_some_and(|served| served < AT_ONCE_SECONDS),
            format!("the call took {}, stock-api {}", known(call), known(served)),
        ),
    ])
}

/// How many seconds the longest call of a page took for its caller, and for the stock-api that served
/// it.
fn waited_for(trace: &Trace, page: &Span) -> Option<(f64, f64)> {
    let calls = trace.children(page).into_iter();
    let call = calls.max_by(|one, other| one.duration.total_cmp(&other.duration))?;
    let mut below = trace.children(call);
    while let Some(span) = below.pop() {
        if span.app() == "stock-api" && span.proxy.is_none() {
            return Some((seconds(call), seconds(span)));
        }
        below.extend(trace.children(span));
    }
    None
}

fn seconds(span: &Span) -> f64 {
    span.duration / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::jaeger::Proxy;

    fn span(id: &str, parent: &str, service: &str, proxy: Option<Proxy>, duration: f64) -> Span {
        Span {
            id: id.into(),
            parent: Some(parent.into()),
            service: format!("{service}.widgetario"),
            name: "GET".into(),
            proxy,
            start: 0.0,
            duration,
        }
    }

    #[test]
    fn call_that_a_page_waited_for_is_its_longest() {
        let page = span("page", "visitor", "web", None, 1.6e6);
        let trace = Trace {
            id: "1".into(),
            spans: vec![
                span("quick", "page", "web", None, 2e3),
                span("other", "quick", "stock-api", None, 1e3),
                span("slow", "page", "web", None, 1.5e6),
                span("out", "slow", "web", Some(Proxy::Sidecar), 1.5e6),
                span("in", "out", "stock-api", Some(Proxy::Sidecar), 4e3),
                span("served", "in", "stock-api", None, 3e3),
            ],
        };
        assert_eq!(waited_for(&trace, &page), Some((1.5, 0.003)));
    }
}
