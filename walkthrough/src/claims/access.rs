//! Claims about who may call whom: each request of each caller, and how a proxy refuses it.

use std::time::Instant;

use super::claim::{Claim, abridged};
use crate::observe::access::{ProbeResult, differing};
use crate::observe::callers::{CALLERS, Caller, DATABASE, DatabaseGuard, Request};
use crate::observe::probe_pods::ProbePods;

pub(super) const PRODUCTS: Request = Request::new("GET", "http://products-api.widgetario/products");
pub(super) const STOCK: Request = Request::new("GET", "http://stock-api.widgetario/stock/1");
pub(super) const SALE: Request = Request::new("POST", "http://stock-api.widgetario/stock/1/sales");
/// Sets the stock, if it had a body.
pub(super) const PUT: Request = Request::new("PUT", "http://stock-api.widgetario/stock/1");
pub(super) const PAGE: Request =
    Request::new("GET", "http://widgetario-web.widgetario:8010/api/shop");
/// Buys a product that does not exist: the answer shows who may buy, and nothing is sold.
pub(super) const BUY: Request =
    Request::new("POST", "http://widgetario-web.widgetario:8010/buy/999");
pub(super) const REQUESTS: [Request; 7] = [PAGE, BUY, PRODUCTS, STOCK, SALE, PUT, DATABASE];
/// Allowed for the callers who may GET the same URL.
pub(super) const HEADS: [Request; 3] = [
    Request::new("HEAD", PAGE.url),
    Request::new("HEAD", PRODUCTS.url),
    Request::new("HEAD", STOCK.url),
];
/// Requests that no policy with methods and paths ever allows.
pub(super) const CLOSED: [Request; 3] = [
    Request::new("POST", "http://widgetario-web.widgetario:8010/api/shop"),
    Request::new("POST", "http://products-api.widgetario/products"),
    Request::new("POST", "http://stock-api.widgetario/stock/1"),
];

/// The proxies that enforce the shop's policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enforcer {
    /// The sidecar of each pod, by policies with methods and paths.
    Sidecars,
    /// The sidecars of the services, and the database's ztunnel, by policies of layer 4.
    SidecarsAndZtunnel,
    /// Each pod's ztunnel, by policies of layer 4.
    Ztunnel,
}

/// All callers in a mesh that has ztunnel.
const WITH_AMBIENT: [Caller; 6] = [
    Caller::Web,
    Caller::Products,
    Caller::Stock,
    Caller::Stranger,
    Caller::AmbientStranger,
    Caller::Outsider,
];

impl Enforcer {
    /// Compares the answers that pods get with who may do what: an `allowed` request must be answered,
    /// and all others must be refused.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(super) fn table(
        self,
        text: &str,
        allowed: impl Fn(Caller, Request) -> bool,
    ) -> anyhow::Result<Vec<Claim>> {
        let has_ztunnel = self != Self::Sidecars;
        let _pods = ProbePods::start(has_ztunnel)?;
        let begin = Instant::now();
        let expected = |caller, request: Request| {
            let is_allowed = match request.method {
                "HEAD" => allowed(caller, Request::new("GET", request.url)),
                _ => allowed(caller, request),
            };
            if is_allowed {
                ProbeResult::Answered
            } else {
                self.refusal(caller, request)
            }
        };
        let mut requests = [&REQUESTS[..], &HEADS].concat();
        let callers: &[Caller] = if has_ztunnel {
            &WITH_AMBIENT
        } else {
            // What layer 4 lets through here, a service refuses in its own words.
            requests.extend(CLOSED);
            &CALLERS
        };
        let (cells, differing) = differing(expected, callers, &requests);
        let evidence = format!("{cells} requests; {}", abridged(&differing));
        let mut refused = callers.to_vec();
        refused.retain(|caller| *caller != Caller::Outsider && !allowed(*caller, DATABASE));
        Ok(vec![
            Claim::new(text, differing.is_empty(), evidence),
            self.refusals_at_the_database(&refused, begin)?,
        ])
    }

    /// How a request is refused.
    fn refusal(self, caller: Caller, request: Request) -> ProbeResult {
        let is_for_api = !request.url.contains("widgetario-web") && !request.is_for_database();
        match (self, caller) {
            // It has no identity, and web accepts plain text.
            (Self::Sidecars | Self::SidecarsAndZtunnel, Caller::Outsider) if is_for_api => {
                ProbeResult::Cut
            }
            // Its own sidecar answers when ztunnel at the other end lets nobody in.
            (Self::Ztunnel, Caller::Stranger) if is_for_api => ProbeResult::NotLetIn,
            (Self::Ztunnel, _) if is_for_api => ProbeResult::Cut,
            _ => ProbeResult::Refused,
        }
    }

    /// The database's own proxy has written down each of the callers that were refused since `begin`.
    fn refusals_at_the_database(self, refused: &[Caller], begin: Instant) -> anyhow::Result<Claim> {
        let (guard, name) = match self {
            Self::Sidecars => (DatabaseGuard::Sidecar, "sidecar"),
            Self::SidecarsAndZtunnel | Self::Ztunnel => (DatabaseGuard::Ztunnel, "ztunnel"),
        };
        let unlogged = guard.has_not_refused(refused, begin)?.into_iter();
        let unlogged: Vec<String> = unlogged.map(|caller| format!("not {caller:?}")).collect();
        Ok(Claim::new(
            format!(
                "the database's {name} tells whom it refused: it was the mesh, not the network"
            ),
            unlogged.is_empty(),
            abridged(&unlogged),
        ))
    }
}
