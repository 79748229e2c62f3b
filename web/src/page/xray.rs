//! The X-ray: what happened to the calls of a page, one by one.

use super::bar::Bar;
use crate::contract::{Finding, UpstreamCall};
use crate::settings::Mesh;
use crate::shop::Shop;
use crate::visit::Visit;

/// Thousands would make the page large, and tell no more.
const LISTED_CALLS: usize = 100;

/// What happened to the calls of a page, for its template.
pub(crate) struct XRay<'a> {
    pub(crate) visit: &'a Visit,
    /// What carries the calls.
    pub(crate) mesh: Mesh,
    /// The calls of the page, in the order of the rows.
    calls: Vec<&'a UpstreamCall>,
    /// How many products stock-api was not asked about.
    pub(crate) unasked: usize,
    /// From the beginning of the page's work to the end of the last call.
    pub(crate) total_ms: f64,
}

impl<'a> XRay<'a> {
    /// The X-ray of a page that shows `shop` to `visit`, in a `mesh`.
    pub(crate) fn of(shop: &'a Shop, visit: &'a Visit, mesh: Mesh) -> Self {
        Self {
            visit,
            mesh,
            calls: shop.calls().collect(),
            unasked: shop.unasked(),
            total_ms: shop.calls().map(UpstreamCall::ends_ms).fold(0.0, f64::max),
        }
    }

    /// The calls that the page lists.
    pub(crate) fn listed(&self) -> &[&'a UpstreamCall] {
        &self.calls[..self.calls.len().min(LISTED_CALLS)]
    }

    /// How many calls the page does not list.
    pub(crate) fn left_out(&self) -> usize {
        self.calls.len() - self.listed().len()
    }

    /// What went wrong with the calls: each finding once, with the number of its calls.
    pub(crate) fn findings(&self) -> Vec<(&Finding, usize)> {
        let mut findings: Vec<(&Finding, usize)> = Vec::new();
        for finding in self.calls.iter().filter_map(|call| call.finding.as_ref()) {
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
    pub(crate) fn identities(&self) -> Vec<(&str, Option<&str>)> {
        let mut identities = Vec::new();
        for call in self.calls.iter().filter(|call| call.version.is_some()) {
            let identity = (call.service.as_str(), call.caller.as_deref());
            if !identities.contains(&identity) {
                identities.push(identity);
            }
        }
        identities
    }

    /// A call's bar in the waterfall.
    pub(crate) fn bar(&self, call: &UpstreamCall) -> Bar {
        Bar::of(call, self.total_ms)
    }

    /// Where the first part of a call's time passed, and the second: before and behind the proxy that
    /// tells them apart, if there is one.
    pub(crate) fn parts(&self) -> (&'static str, Option<&'static str>) {
        let has_proxy = self.calls.iter().any(|call| call.upstream_ms.is_some());
        match (has_proxy, self.mesh) {
            (false, _) => ("web, and on the way", None),
            (true, Mesh::Sidecars) => (
                "web and its sidecar",
                Some("on the way, and in the other sidecar"),
            ),
            (true, Mesh::Ambient) => (
                "web, and the way to the waypoint",
                Some("from the waypoint to the service, and back"),
            ),
        }
    }

    /// Why a service does not know who web is.
    pub(crate) fn anonymity(&self) -> &'static str {
        match self.mesh {
            Mesh::Sidecars => "no mutual TLS",
            Mesh::Ambient => "ztunnel knows who web is, and tells no service",
        }
    }
}
