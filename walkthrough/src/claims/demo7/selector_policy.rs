//! A policy with methods, for pods without a proxy that reads methods.

use std::time::Instant;

use crate::claims::access::{PRODUCTS, STOCK};
use crate::claims::analysis;
use crate::claims::claim::{Claim, abridged};
use crate::claims::proportion::Share;
use crate::claims::target::Target;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{condition, get};
use crate::observe::access::{ProbeResult, differing};
use crate::observe::callers::Caller;
use crate::observe::wait::eventually;
use crate::observe::ztunnel::{self, Refusal};

/// The policy of demo 3: web may GET and HEAD.
const POLICY: &str = "stock-allow-web";

/// How many pages are looked at.
const PAGES: usize = 20;

pub(in crate::claims) fn selector_policy(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let expected = |_, request| match request {
        STOCK => ProbeResult::Cut,
        _ => ProbeResult::Answered,
    };
    let begin = Instant::now();
    let (cells, differing) = differing(expected, &[Caller::Web], &[STOCK, PRODUCTS]);
    let pages = target.shop.views(PAGES, &[]);
    let without_stock = Share::count(&pages, |page| {
        let stocks = page.products().iter().map(|product| product.stock);
        page.status == 200 && stocks.eq([None; 4])
    });
    Ok(vec![
        Claim::new(
            "even a GET by web, which the policy allows, is cut off at stock-api; products-api answers it",
            differing.is_empty(),
            format!("{cells} requests; {}", abridged(&differing)),
        ),
        ztunnel_refused_web(begin)?,
        condition_says_so()?,
        Claim::new(
            "every page is 200, with its prices and without any stock",
            without_stock.hits == without_stock.total,
            format!("{} of {}", without_stock.hits, without_stock.total),
        ),
        analysis::of_cluster()?,
    ])
}

/// The end of a connection does not show who ended it.
fn ztunnel_refused_web(begin: Instant) -> anyhow::Result<Claim> {
    let refusal = eventually(|| {
        let mut refusals = ztunnel::refusals("stock-api", begin)?.into_iter();
        Ok(refusals.find(Refusal::is_of_web))
    })?;
    Ok(Claim::new(
        "it was a policy, at the ztunnel of the called pod, which knew that web called",
        refusal.is_some(),
        refusal.map_or("nothing in its log".into(), |refusal| refusal.reason),
    ))
}

/// istiod writes into the policy's status that ztunnel left its rule out.
fn condition_says_so() -> anyhow::Result<Claim> {
    let policy = get(&["authorizationpolicy", POLICY, "-n", SHOP])?;
    let accepted = condition(&policy["status"]["conditions"], "ZtunnelAccepted");
    let message = accepted["message"].as_str();
    Ok(Claim::new(
        "the policy's condition ZtunnelAccepted says that ztunnel knows no methods",
        accepted["reason"] == "UnsupportedValue"
            && message.is_some_and(|message| message.contains("(found: methods)")),
        message.unwrap_or("it has no such condition"),
    ))
}
