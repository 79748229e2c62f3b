//! Who may call whom when ztunnel alone decides, and how a refusal looks.

use std::time::Instant;

use web::contract::{Cause, UpstreamCall};

use super::ambient::whole;
use super::ambient_install::may_connect;
use crate::claims::access::Enforcer;
use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::demo1::scraping;
use crate::claims::demo6::alert;
use crate::claims::target::Target;
use crate::observe::page::Page;
use crate::observe::wait::eventually;
use crate::observe::ztunnel::{self, Refusal};

/// The policy that is missing in the stage before.
const POLICY: &str = "istio/demo7/ambient-install/authz/stock-allow-web.yaml";

pub(in crate::claims) fn refused(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let begin = Instant::now();
    let mut page = target.shop.view();
    let mut refusals = Vec::new();
    // ztunnel learns of a policy within a second, and writes its log at once.
    eventually(|| {
        page = target.shop.view();
        refusals = ztunnel::refusals("stock-api", begin)?;
        refusals.retain(Refusal::is_of_web);
        let is_right = calls(&page, is_explained) == 4 && !refusals.is_empty();
        Ok(is_right.then_some(()))
    })?;
    let explained = calls(&page, is_explained);
    let statuses = calls(&page, |call| call.status.is_some());
    let unknown = page
        .products()
        .iter()
        .filter(|product| product.stock.is_none());
    let unknown = unknown.count();
    let finding = page.stock_calls().find_map(|call| call.finding.as_ref());
    Ok(vec![
        Claim::new(
            "the page is there with all four rows, and knows no stock",
            page.status == 200 && page.prices().len() == 4 && unknown == 4,
            format!(
                "status {}, {unknown} of {} stocks unknown",
                page.status,
                page.prices().len()
            ),
        ),
        Claim::new(
            "its calls of stock-api are reset, without any status: there is no 403 at layer 4",
            explained == 4 && statuses == 0,
            format!("{explained} of 4 calls, {statuses} with a status"),
        ),
        Claim::new(
            "the page's finding says whose end it was, and names the policy that opens it",
            finding.is_some_and(|finding| finding.title.starts_with("stock-api's ztunnel ")),
            finding.map_or("none".into(), |finding| format!("{:?}", finding.title)),
        ),
        Claim::new(
            "stock-api's ztunnel tells that a policy refused web: it was no broken pod",
            !refusals.is_empty(),
            refusals.pop().map_or("nothing".into(), |last| last.reason),
        ),
        alert::stays_silent(target)?,
        analysis::of_cluster()?,
    ])
}

/// How many of the page's calls of stock-api are as `is_so` says.
fn calls(page: &Page, is_so: impl Fn(&UpstreamCall) -> bool) -> usize {
    page.stock_calls().filter(|call| is_so(call)).count()
}

fn is_explained(call: &UpstreamCall) -> bool {
    let finding = call.finding.as_ref();
    finding.is_some_and(|finding| {
        finding.cause == Cause::Reset && finding.file.as_deref() == Some(POLICY)
    })
}

pub(in crate::claims) fn identity(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = Enforcer::Ztunnel.table(
        "who may open a connection to whom is as the policies say, and whoever may GET may also PUT",
        may_connect,
    )?;
    claims.push(whole(target));
    let page = target.shop.view();
    let calls = page.calls();
    let named = calls.iter().filter(|call| call.caller.is_some()).count();
    claims.push(Claim::new(
        "no service learns who calls it: ztunnel compares identities, and tells nobody",
        named == 0 && calls.len() == 5 && page.is_complete(),
        format!("{named} of {} calls name their caller", calls.len()),
    ));
    claims.push(scraping()?);
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}
