//! The shop without sidecars.

use std::collections::BTreeMap;

use super::captured::{self, Edge};
use super::handover::Handover;
use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::target::Target;
use crate::cluster::pods;

/// Every connection that the shop needs.
pub(super) const EDGES: [Edge; 4] = [
    ("widgetario-web", "products-api"),
    ("widgetario-web", "stock-api"),
    ("widgetario-products", "products-db"),
    ("widgetario-stock", "products-db"),
];

/// Enough that each of web's connections is used, and one visitor in a hundred of another version seen.
const VISITS: usize = 300;

pub(in crate::claims) fn ambient(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let handover = Handover::back_and_again(target, "demo7/ambient")?;
    let pods = pods::running()?;
    let pods: Vec<_> = pods.iter().collect();
    let mut claims = vec![captured::pods("all pods of the shop", &pods), whole(target)];
    claims.push(captured::carries(target, &EDGES)?);
    claims.push(nobody_reads_the_route(target));
    claims.extend(handover.claims());
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

/// The page lacks nothing, and neither do its calls.
pub(super) fn whole(target: &Target) -> Claim {
    let page = target.shop.get("/", &[]);
    let content = target.shop.view();
    Claim::new(
        "the page is there, and complete",
        page.shows_all() && content.is_complete(),
        format!("status {}", page.status),
    )
}

/// Both versions answer, although the `HTTPRoute` sends all calls to one of them.
fn nobody_reads_the_route(target: &Target) -> Claim {
    let mut versions = BTreeMap::<String, usize>::new();
    for page in target.shop.views(VISITS, &[]) {
        *versions.entry(page.version().to_owned()).or_default() += 1;
    }
    let seen: Vec<_> = versions
        .iter()
        .map(|(version, count)| format!("{version} × {count}"))
        .collect();
    Claim::new(
        "both versions of products-api answer: nobody reads the HTTPRoute, by which all calls go to v2",
        ["v1", "v2"]
            .iter()
            .all(|version| versions.contains_key(*version)),
        seen.join(", "),
    )
}
