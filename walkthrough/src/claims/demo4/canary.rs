//! A canary release of products-api.

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::proportion::{Share, judge, sample_size};
use crate::claims::routes;
use crate::claims::target::Target;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{elements, get, items};
use crate::observe::page::Page;

pub(in crate::claims) fn v2(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let label = "kubernetes.io/service-name=products-api";
    let slices = get(&["endpointslices", "-n", SHOP, "-l", label])?;
    let new: Vec<&str> = items(&slices)
        .flat_map(|slice| elements(&slice["endpoints"]))
        .filter(|endpoint| endpoint["conditions"]["ready"] == true)
        .filter_map(|endpoint| endpoint["targetRef"]["name"].as_str())
        .filter(|name| name.starts_with("products-api-v2"))
        .collect();
    let route = routes::arrive("products-api")?;
    let pages = target.shop.views(300, &[]);
    let old = Share::count(&pages, |page| page.version() == "v1" && has_its_price(page));
    Ok(vec![
        Claim::new(
            "pods of v2 are endpoints of the Service",
            !new.is_empty(),
            new.join(", "),
        ),
        route,
        Claim::new(
            "and yet nobody is sent to v2",
            old.hits == old.total,
            format!(
                "{} of {} pages are v1's, with its prices",
                old.hits, old.total
            ),
        ),
        analysis::of_cluster()?,
    ])
}

/// `expected` is v2's share of the visitors; 1 means all of them, without exception.
pub(in crate::claims) fn split(target: &Target, expected: f64) -> anyhow::Result<Vec<Claim>> {
    let is_new = |page: &&Page| page.version() == "v2";
    let route = routes::arrive("products-api")?;
    let mut pages = Vec::new();
    let text = format!("v2 answers {} % of the visitors", 100.0 * expected);
    let is_all = (expected - 1.0).abs() < f64::EPSILON;
    let share = if is_all {
        pages = target.shop.views(300, &[]);
        let share = Share::count(&pages, is_new);
        let evidence = format!("{} of {}", share.hits, share.total);
        Claim::new(text, share.hits == share.total, evidence)
    } else {
        judge(text, expected, sample_size(expected), |n| {
            pages = target.shop.views(n, &[]);
            Share::count(&pages, is_new)
        })
    };
    let right = Share::count(&pages, |page| has_its_price(page));
    let new = Share::count(&pages, is_new).hits;
    let old = right.total - new;
    Ok(vec![
        route,
        share,
        Claim::new(
            "prices of v2 are 1.75 times those of v1, to the cent",
            right.hits == right.total && new > 0 && (is_all || old > 0),
            format!(
                "{} of {} pages, {new} of v2 and {old} of v1",
                right.hits, right.total
            ),
        ),
    ])
}

/// Whether a page shows the prices of the version that answered.
pub(in crate::claims) fn has_its_price(page: &Page) -> bool {
    match page.version() {
        "v1" => page.prices() == ["30.00", "8.00", "15.50", "6000.00"],
        "v2" => page.prices() == ["52.50", "14.00", "27.13", "10500.00"],
        _ => false,
    }
}
