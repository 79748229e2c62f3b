//! The judgement of each hop of one page view, by the spans of its trace.

use web::contract::UpstreamCall;

use super::carrier::Carrier;
use crate::observe::jaeger::{Proxy, Span, Trace};

/// What was found at a hop.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Links(String),
    /// The hop is not recorded, but the trace does not break there.
    Silent(String),
    Breaks(String),
}

/// What carries the calls of the services.
pub(super) struct Carriers {
    pub(super) web: Carrier,
    /// Each API by its name.
    pub(super) apis: [(&'static str, Carrier); 2],
}

/// What was found at each hop of a page view, in the order of the hops, given web's `calls` for it: in its
/// `trace`, if it has arrived, and in `others` of the same request.
pub(super) fn findings(
    calls: &[UpstreamCall],
    carriers: &Carriers,
    trace: Option<&Trace>,
    others: &[Trace],
) -> Vec<Finding> {
    let spans = trace.map_or(&[][..], |trace| &trace.spans);
    let roots = trace.map_or(Vec::new(), Trace::roots);
    let mut findings = vec![entrance(carriers.web, &roots), recorded("web", spans)];
    for (api, carrier) in carriers.apis {
        findings.push(call(api, carrier, calls, spans));
        findings.push(recorded(api, spans));
    }
    findings.extend(others.iter().map(separate));
    if roots.len() > 1 {
        findings.push(Finding::Breaks(format!(
            "{} spans have no parent here: proxies and services speak different headers; where the \
             tracer speaks B3 alone, set OTEL_PROPAGATORS=b3multi,tracecontext,baggage",
            roots.len()
        )));
    }
    findings
}

/// Why web can be in no trace at all.
pub(super) fn no_trace(web: Carrier) -> &'static str {
    match web {
        Carrier::Sidecar | Carrier::Nobody => {
            "web is in no trace: it takes none from its sidecar (OTEL_PROPAGATORS=none) and begins none \
             (OTEL_SDK_DISABLED=true), or no sidecar traces (the Telemetry mesh-default)."
        }
        Carrier::Waypoint | Carrier::Ztunnel => {
            "web is in no trace: it begins none (OTEL_SDK_DISABLED=true), and none reaches it. Before web \
             there is only ztunnel, which makes none, unless visitors come by the ingress gateway; or web \
             does not read the gateway's headers (OTEL_PROPAGATORS=none), or nobody traces (the \
             Telemetry mesh-default)."
        }
    }
}

/// The entrance: a trace that a proxy began must go on in web.
fn entrance(web: Carrier, roots: &[&Span]) -> Finding {
    let began = roots.iter().find_map(|root| root.proxy);
    match (began, web) {
        (Some(Proxy::Sidecar), _) => {
            Finding::Links("web goes on with the trace of its sidecar".into())
        }
        (Some(proxy), _) => {
            let name = proxy.name();
            Finding::Links(format!("web goes on with the trace of the {name}"))
        }
        (None, Carrier::Waypoint | Carrier::Ztunnel) => Finding::Silent(
            "no proxy records the visit before web: ztunnel carries it, and makes no span; the ingress \
             gateway would, for visitors who come that way"
                .into(),
        ),
        (None, Carrier::Sidecar | Carrier::Nobody) => Finding::Breaks(
            "web is not in its sidecar's trace: it reads no headers (OTEL_PROPAGATORS=none), or the \
             sidecar traces nothing (the Telemetry mesh-default), or there is none"
                .into(),
        ),
    }
}

/// Whether a service itself records spans.
fn recorded(app: &str, spans: &[Span]) -> Finding {
    let own = |span: &&Span| span.app() == app && span.proxy.is_none();
    match spans.iter().filter(own).count() {
        0 => Finding::Silent(format!(
            "{app} records nothing in this trace: OTEL_SDK_DISABLED=true, a collector that it does \
             not reach, or a trace of its own (OTEL_PROPAGATORS=none)"
        )),
        count => Finding::Links(format!("{app} records {count} spans")),
    }
}

/// The way from web to an API: the spans of the proxy before the API must be in the trace.
fn call(api: &str, carrier: Carrier, calls: &[UpstreamCall], spans: &[Span]) -> Finding {
    let calls = || calls.iter().filter(|call| call.service == api);
    let error = calls().find_map(|call| call.error.as_ref());
    let proxy = match carrier {
        Carrier::Sidecar | Carrier::Nobody => format!("{api}'s sidecar"),
        Carrier::Waypoint => format!("the waypoint before {api}"),
        Carrier::Ztunnel => match error {
            Some(error) => return Finding::Breaks(failed(api, error)),
            None => {
                return Finding::Silent(format!(
                    "no proxy records web's calls of {api}: it has no waypoint (the label \
                     istio.io/use-waypoint of its Service), and ztunnel makes no span"
                ));
            }
        },
    };
    let takes = |span: &&Span| match carrier {
        Carrier::Waypoint => span.proxy == Some(Proxy::Waypoint) && span.name.starts_with(api),
        _ => span.proxy.is_some() && span.app() == api,
    };
    let seen = spans.iter().filter(takes).count();
    let calls = calls().count();
    match (seen, error) {
        (0, Some(error)) => Finding::Breaks(failed(api, error)),
        (1.., None) if seen < calls => Finding::Breaks(format!(
            "{proxy} has {seen} of web's {calls} calls in this trace"
        )),
        (0, None) => Finding::Breaks(format!(
            "web's calls carry no trace to {proxy}: OTEL_PROPAGATORS=none in web"
        )),
        (seen, _) => Finding::Links(format!("{proxy} takes {seen} calls of web")),
    }
}

fn failed(api: &str, error: &str) -> String {
    format!("web's call of {api} failed: {error:?}")
}

/// A trace of the same request, separate from the one that is followed.
fn separate(trace: &Trace) -> Finding {
    let begins = trace.roots().first().map_or(String::new(), |root| {
        let by = match root.proxy {
            Some(Proxy::Sidecar) => format!("{}'s sidecar", root.service),
            Some(proxy) => format!("the {}", proxy.name()),
            None => root.service.clone(),
        };
        format!("; {by} began it, without the headers of its caller")
    });
    let (id, count) = (&trace.id, trace.spans.len());
    Finding::Breaks(format!(
        "{count} spans of this request are in a trace apart, {id}{begins}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call of each API, which was answered.
    fn calls() -> Vec<UpstreamCall> {
        let call = |service: &str| {
            let call = format!(
                r#"{{"service": "{service}", "method": "GET", "path": "/", "status": 200, "error": null,
                "latency_ms": 1.0, "starts_ms": 0.0, "finding": null}}"#
            );
            serde_json::from_str(&call).expect("a call")
        };
        ["products-api", "stock-api"].map(call).into()
    }

    /// A trace of spans, each by its id and its parent's, its service, its proxy and its name.
    fn trace(spans: &[(&str, &str, &str, Option<Proxy>, &str)]) -> Trace {
        let span = |&(id, parent, service, proxy, name): &(&str, &str, &str, _, &str)| Span {
            id: id.into(),
            parent: (!parent.is_empty()).then(|| parent.into()),
            service: format!("{service}.widgetario"),
            name: name.into(),
            proxy,
            start: 0.0,
            duration: 1.0,
        };
        Trace {
            id: "t".into(),
            spans: spans.iter().map(span).collect(),
        }
    }

    /// What visitors who come straight to web see when everything links, with a waypoint before the APIs
    /// or without one.
    fn straight(has_waypoint: bool) -> Trace {
        let waypoint = Some(Proxy::Waypoint);
        let mut spans = vec![
            ("1", "", "web", None, "GET /api/shop"),
            ("2", "1", "web", None, "GET"),
            ("3", "1", "web", None, "GET"),
        ];
        if has_waypoint {
            let products = "products-api.widgetario.svc.cluster.local:80/*";
            let stock = "stock-api.widgetario.svc.cluster.local:80/*";
            spans.push(("4", "2", "waypoint", waypoint, products));
            spans.push(("5", "3", "waypoint", waypoint, stock));
        }
        let parents = if has_waypoint { ["4", "5"] } else { ["2", "3"] };
        spans.push(("6", parents[0], "products-api", None, "GET /products"));
        spans.push(("7", parents[1], "stock-api", None, "GET /stock/{id}"));
        trace(&spans)
    }

    fn ambient(apis: Carrier) -> Carriers {
        Carriers {
            web: Carrier::Ztunnel,
            apis: [("products-api", apis), ("stock-api", apis)],
        }
    }

    /// How many hops link, are silent, and break, and the texts.
    fn judged(carriers: &Carriers, trace: &Trace, others: &[Trace]) -> ([usize; 3], String) {
        let found = findings(&calls(), carriers, Some(trace), others);
        let count = |is: fn(&Finding) -> bool| found.iter().filter(|found| is(found)).count();
        let counts = [
            count(|found| matches!(found, Finding::Links(_))),
            count(|found| matches!(found, Finding::Silent(_))),
            count(|found| matches!(found, Finding::Breaks(_))),
        ];
        (counts, format!("{found:?}"))
    }

    #[test]
    fn waypoint_links_each_call_and_the_entrance_is_silent() {
        let (counts, text) = judged(&ambient(Carrier::Waypoint), &straight(true), &[]);
        assert_eq!(counts, [5, 1, 0], "{text}");
        assert!(
            text.contains("the waypoint before stock-api takes 1 calls"),
            "{text}"
        );
        assert!(!text.contains("sidecar"), "{text}");
    }

    #[test]
    fn service_without_waypoint_is_silent_and_breaks_nothing() {
        let (counts, text) = judged(&ambient(Carrier::Ztunnel), &straight(false), &[]);
        assert_eq!(counts, [3, 3, 0], "{text}");
        assert!(!text.contains("sidecar"), "{text}");
    }

    #[test]
    fn headers_that_web_does_not_send_break_the_trace_before_the_waypoint() {
        let alone = trace(&[("1", "", "web", None, "GET /api/shop")]);
        let stock = "stock-api.widgetario.svc.cluster.local:80/*";
        let apart = trace(&[("5", "", "waypoint", Some(Proxy::Waypoint), stock)]);
        let (counts, text) = judged(&ambient(Carrier::Waypoint), &alone, &[apart]);
        assert_eq!(counts, [1, 3, 3], "{text}");
        assert!(text.contains("the waypoint began it"), "{text}");
        assert!(!text.contains("sidecar"), "{text}");
    }

    #[test]
    fn visitors_by_the_gateway_bring_its_trace() {
        let mut by_gateway = straight(true);
        by_gateway.spans[0].parent = Some("9".into());
        let arrival = ("9", "", "waypoint", Some(Proxy::Gateway), "widgetario-web");
        by_gateway.spans.extend(trace(&[arrival]).spans);
        let (counts, text) = judged(&ambient(Carrier::Waypoint), &by_gateway, &[]);
        assert_eq!(counts, [6, 0, 0], "{text}");
        assert!(text.contains("the trace of the gateway"), "{text}");
    }
}
