//! The X-ray: what a page met on its way, call by call.

use std::time::Instant;

use axum::http::{HeaderName, HeaderValue};
use chassis::{Answer, Call, CallError, Forwarded, SERVER_TIMING};
use serde::Serialize;

use crate::Storefront;
use crate::finding::Finding;
use crate::visitor::Visitor;

const LISTED_CALLS: usize = 100;

/// What a page met on its way.
#[derive(Serialize)]
pub(crate) struct XRay {
    /// The calls that it took, in the order of the rows.
    pub(crate) calls: Vec<Hop>,
    pub(crate) trace_id: Option<String>,
    /// Where Jaeger shows the trace.
    pub(crate) trace_url: Option<String>,
    /// By which the proxies' logs name the request.
    pub(crate) request_id: Option<String>,
    #[serde(flatten)]
    pub(crate) visitor: Visitor,
    /// From the beginning of the page's work to the end of the last call.
    #[serde(skip)]
    pub(crate) total_ms: f64,
}

/// A call, and what befell it.
#[derive(Serialize)]
pub(crate) struct Hop {
    #[serde(flatten)]
    pub(crate) call: Call,
    /// From the beginning of the page's work.
    pub(crate) starts_ms: f64,
    pub(crate) finding: Option<Finding>,
}

impl Hop {
    /// The call of `answer`, made for a page whose work began at `page`, and what was answered.
    pub(crate) fn of<T>(answer: Answer<T>, page: Instant) -> (Self, Result<T, CallError>) {
        let Answer { result, call } = answer;
        let starts = call.begun.saturating_duration_since(page);
        let hop = Self {
            finding: Finding::of(&call, result.as_ref().err()),
            starts_ms: chassis::milliseconds(starts),
            call,
        };
        (hop, result)
    }

    fn ends_ms(&self) -> f64 {
        self.starts_ms + self.call.latency_ms
    }

    /// How often the caller's proxy tried; only the called service knows.
    pub(crate) fn tries(&self) -> &str {
        match (&self.call.attempt, &self.call.version) {
            (Some(attempt), _) => attempt,
            (None, Some(_)) => "1",
            (None, None) => "unknown",
        }
    }
}

/// A call's bar in the waterfall, in thousandths of its width.
pub(crate) struct Bar {
    pub(crate) x: u32,
    /// Until the caller's proxy passed it on; all of it without a proxy.
    pub(crate) before: u32,
    /// Until the called service had it, and back.
    pub(crate) beyond: u32,
    /// In the called service.
    pub(crate) service: u32,
}

impl XRay {
    pub(crate) fn of(
        storefront: &Storefront,
        visitor: Visitor,
        forwarded: &Forwarded,
        calls: Vec<Hop>,
    ) -> Self {
        let trace_id = chassis::trace_id();
        let jaeger = storefront.jaeger_url.as_ref();
        let trace_url = jaeger.zip(trace_id.as_ref()).map(|(jaeger, id)| {
            let jaeger = jaeger.as_str().trim_end_matches('/');
            format!("{jaeger}/trace/{id}")
        });
        Self {
            total_ms: calls.iter().map(Hop::ends_ms).fold(0.0, f64::max),
            calls,
            trace_id,
            trace_url,
            request_id: forwarded.request_id().map(str::to_owned),
            visitor,
        }
    }

    /// The calls that the page lists: thousands would make it heavy, and say no more.
    pub(crate) fn listed(&self) -> &[Hop] {
        &self.calls[..self.calls.len().min(LISTED_CALLS)]
    }

    /// How many calls the page does not list.
    pub(crate) fn left_out(&self) -> usize {
        self.calls.len() - self.listed().len()
    }

    /// Of the products: their call is the first.
    pub(crate) fn version(&self) -> Option<&str> {
        self.calls.first()?.call.version.as_deref()
    }

    /// What befell the calls, each once, with how many of them it befell.
    pub(crate) fn findings(&self) -> Vec<(&Finding, usize)> {
        let mut findings: Vec<(&Finding, usize)> = Vec::new();
        for finding in self.calls.iter().filter_map(|hop| hop.finding.as_ref()) {
            match findings
                .iter_mut()
                .find(|(known, _)| known.title == finding.title)
            {
                Some((_, count)) => *count += 1,
                None => findings.push((finding, 1)),
            }
        }
        findings
    }

    /// Under which identity each service that answered saw web; `None` without mutual TLS.
    pub(crate) fn identities(&self) -> Vec<(&'static str, Option<&str>)> {
        let mut identities: Vec<(&'static str, Option<&str>)> = Vec::new();
        let answered = self.calls.iter().filter(|hop| hop.call.version.is_some());
        for Hop { call, .. } in answered {
            let identity = (call.service, call.caller.as_deref());
            if !identities.contains(&identity) {
                identities.push(identity);
            }
        }
        identities
    }

    pub(crate) fn bar(&self, hop: &Hop) -> Bar {
        let total = self.total_ms.max(0.01);
        let share = |ms: f64| (ms / total * 1000.0).clamp(0.0, 1000.0).round();
        let latency = hop.call.latency_ms;
        let upstream = hop.call.upstream_ms.unwrap_or(0.0).min(latency);
        let service = hop.call.service_ms.unwrap_or(0.0).min(latency);
        let beyond = (upstream - service).max(0.0);
        let [x, before, beyond, service] =
            [hop.starts_ms, latency - beyond - service, beyond, service].map(share);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 1000"
        )]
        let [x, before, beyond, service] = [x, before, beyond, service].map(|share| share as u32);
        Bar {
            x,
            before,
            beyond,
            service,
        }
    }

    /// Whether a proxy of web's own passed its calls on.
    pub(crate) fn has_proxy(&self) -> bool {
        self.calls.iter().any(|hop| hop.call.upstream_ms.is_some())
    }

    /// The calls for the browser's own tools (<https://www.w3.org/TR/server-timing/>): the first
    /// twenty, because proxies limit a header's length.
    pub(crate) fn server_timing(&self) -> Option<[(HeaderName, HeaderValue); 1]> {
        let metric = |(number, hop): (usize, &Hop)| {
            let Hop { call, finding, .. } = hop;
            let version = call.version.as_deref().unwrap_or("a proxy");
            let outcome = finding.as_ref().map_or(version, |finding| &finding.title);
            let outcome = outcome.replace(['"', '\\'], "'");
            let (service, method, path) = (call.service, &call.method, &call.path);
            format!(
                "call-{number};desc=\"{service} {method} {path}: {outcome}\";dur={}",
                call.latency_ms
            )
        };
        let metrics = self.calls.iter().enumerate().take(20).map(metric);
        let metrics = metrics.collect::<Vec<_>>().join(", ");
        Some([(SERVER_TIMING, HeaderValue::from_str(&metrics).ok()?)])
    }
}
