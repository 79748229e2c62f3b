//! One name is open.

use web::contract::Level;

use super::egress::{PAGES, nothing_else_gets_out, told};
use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::proportion::Share;
use crate::claims::target::Target;
use crate::observe::page::Page;
use crate::observe::supplier;
use crate::observe::wait::wait_until;

/// The product that is sold out in a new shop, and stays so: nobody can buy it.
const SOLD_OUT: i64 = 4;

pub(in crate::claims) fn supplier(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let deliveries = supplier::deliveries()?;
    let said = deliveries.get(&SOLD_OUT).map_or("", String::as_str);
    wait_until(|| is_answered(&target.shop.view()));
    let pages = target.shop.views(PAGES, &[]);
    let answered = Share::count(&pages, |page| is_answered(page));
    let shown = Share::count(&pages, |page| page.is_complete() && shows(page, said));
    let last = pages.last().and_then(Page::supplier_call);
    let html = target.shop.get("/", &[]);
    Ok(vec![
        Claim::new(
            "every page asks the supplier once, about what is sold out, and gets 200 through web's sidecar",
            answered.hits == answered.total,
            format!(
                "{} of {}; the last: {}",
                answered.hits,
                answered.total,
                told(last)
            ),
        ),
        Claim::new(
            "and shows for that product, and no other, what the supplier says",
            !said.is_empty() && shown.hits == shown.total,
            format!("{} of {}: {said:?}", shown.hits, shown.total),
        ),
        Claim::new(
            "the page says \"more on Thursday\" beside \"SOLD OUT!\"",
            html.status == 200 && html.body.contains("<small>more on Thursday</small>"),
            format!("status {}", html.status),
        ),
        nothing_else_gets_out()?,
        analysis::of_cluster()?,
    ])
}

/// Whether the supplier answered the page's only question, which was about the product that is sold out.
fn is_answered(page: &Page) -> bool {
    page.supplier_call().is_some_and(|call| {
        let asked = call.path.split_once('?').map(|(_, query)| query.to_owned());
        let expected = format!("product={SOLD_OUT}");
        call.status == Some(200) && call.upstream_ms.is_some() && asked == Some(expected)
    })
}

/// Whether the page shows what the supplier `said` for what is sold out alone.
fn shows(page: &Page, said: &str) -> bool {
    page.products().iter().all(|product| {
        let is_sold_out = product.level == Level::SoldOut;
        let expected = is_sold_out.then_some(said);
        is_sold_out == (product.id == SOLD_OUT) && product.delivery.as_deref() == expected
    })
}
