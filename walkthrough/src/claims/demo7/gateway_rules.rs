//! A rule for some visitors, in an `HTTPRoute`.

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::demo4::canary::has_its_price;
use crate::claims::proportion::Share;
use crate::claims::routes;
use crate::claims::target::Target;
use crate::observe::page::Page;
use crate::observe::wait::wait_until;

pub(in crate::claims) fn test_users(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = vec![routes::arrive("products-api")?];
    for (text, header) in [
        ("test users see version 1", ("end-user", "tester")),
        (
            "and so does who switched it on",
            ("cookie", "end-user=tester"),
        ),
    ] {
        claims.push(see(text, "v1", &target.shop.views(50, &[header])));
    }
    let mut others = target.shop.views(300, &[]);
    others.extend(target.shop.views(20, &[("end-user", "tester2")]));
    let text = "everybody else sees version 2, a tester2 included";
    claims.push(see(text, "v2", &others));
    wait_until(|| target.shop.view().is_complete());
    let whole = Share::count(&target.shop.views(100, &[]), |page| page.is_complete());
    claims.push(Claim::new(
        "stock-api is quick again, and no page lacks anything",
        whole.hits == whole.total,
        format!("{} of {} complete", whole.hits, whole.total),
    ));
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

/// All `pages` are made with `version` of products-api, and show its prices.
fn see(text: &str, version: &str, pages: &[Page]) -> Claim {
    let right = Share::count(pages, |page| {
        page.version() == version && has_its_price(page)
    });
    let evidence = format!("{} of {}, with its prices", right.hits, right.total);
    Claim::new(text, right.hits == right.total, evidence)
}
