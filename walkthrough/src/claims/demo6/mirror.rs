//! A copy of every call for a version that nobody sees.

use std::time::Instant;

use anyhow::Context;

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::demo4::canary::has_its_price;
use crate::claims::demo5::forest::Mode;
use crate::claims::demo5::traces::traces;
use crate::claims::routes;
use crate::claims::target::Target;
use crate::cluster::pods;
use crate::observe::access_log::{Entry, ids, is_of, of_pages};
use crate::observe::address;
use crate::observe::page::Page;

/// Enough to see one call in a hundred that was not copied.
const VISITS: usize = 300;

pub(in crate::claims) fn mirror(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("products-api")?;
    let begin = Instant::now();
    let pages = target.shop.views(VISITS, &[]);
    let old = |page: &&Page| page.version() == "v1" && has_its_price(page);
    let old = pages.iter().filter(old).count();
    let [first, second] = ["v1", "v2"].map(|version| {
        let deployment = format!("deployment/products-api-{version}");
        of_visits(&deployment, begin, &pages)
    });
    let (first, second) = (first?, second?);
    let good = second.iter().filter(|entry| entry.status == 200).count();
    let mut claims = vec![
        route,
        Claim::new(
            "all visitors see version 1, with its prices",
            old == pages.len(),
            format!("{old} of {} pages", pages.len()),
        ),
        Claim::new(
            "and each of their calls reached version 2 as well, by the logs of both sidecars",
            first.len() == pages.len() && second.len() == pages.len(),
            format!(
                "{} at version 1, {} at version 2",
                first.len(),
                second.len()
            ),
        ),
        Claim::new(
            "which answered it",
            good == pages.len(),
            format!("{good} times 200"),
        ),
        copies_name_the_caller(&first, &second)?,
    ];
    claims.extend(traces(target, Mode::Linked)?);
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

/// What the sidecar of a deployment logged of the calls for `pages`.
fn of_visits(deployment: &str, begin: Instant, pages: &[Page]) -> anyhow::Result<Vec<Entry>> {
    let mut entries = of_pages(deployment, begin, pages, 1)?;
    let ids = ids(pages);
    entries.retain(|entry| is_of(entry, &ids));
    Ok(entries)
}

/// The copy asks for the same host as the call, and names the caller's address, which the call does not.
fn copies_name_the_caller(calls: &[Entry], copies: &[Entry]) -> anyhow::Result<Claim> {
    let pods = pods::running()?;
    let web = pods
        .iter()
        .find(|pod| pod["metadata"]["labels"]["app"] == "web");
    let web = address::of_pod(web.context("web has no pod")?)?;
    let is_plain = |entry: &&Entry| entry.authority == "products-api" && entry.forwarded_for == "-";
    let is_copy = |entry: &&Entry| entry.authority == "products-api" && entry.forwarded_for == web;
    let plain = calls.iter().filter(is_plain).count();
    let naming = copies.iter().filter(is_copy).count();
    Ok(Claim::new(
        "a copy is for the same host, and x-forwarded-for tells it from a call: it names web's pod",
        plain == calls.len() && naming == copies.len() && naming > 0,
        format!(
            "{plain} of {} calls without it, {naming} of {} copies with {web}",
            calls.len(),
            copies.len()
        ),
    ))
}
