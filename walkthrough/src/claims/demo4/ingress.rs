//! The shop through Istio's ingress gateway.

use web::contract::UpstreamCall;

use crate::claims::claim::Claim;
use crate::claims::proportion::Share;
use crate::claims::target::Target;
use crate::observe::page::Page;
use crate::observe::wait::wait_until;

pub(in crate::claims) fn ingress(target: &Target) -> Vec<Claim> {
    let mut claims = entrance(target);
    claims.push(first_answers(target, "the broken replica gets no calls"));
    claims
}

/// What the gateway shows, whichever objects lead there.
pub(in crate::claims) fn entrance(target: &Target) -> Vec<Claim> {
    // Gateway, routes and policy take effect one after the other.
    wait_until(|| {
        target.gateway.get("/", &[]).status == 200
            && target.gateway.get("/products", &[]).status == 200
    });
    let page = target.gateway.get("/", &[]);
    let products = target.gateway.get("/products", &[]);
    let listed = products.listed();
    let caller = products.header("x-widgetario-caller");
    let gateway = "spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account";
    vec![
        Claim::new(
            "the gateway shows the shop",
            page.shows_all() && page.body.contains("Arm64 SoC"),
            format!("status {}", page.status),
        ),
        Claim::new(
            "and leads /products to products-api",
            products.status == 200
                && listed
                    .first()
                    .is_some_and(|first| first.name == "Arm64 SoC"),
            format!("status {}: {:.60}", products.status, products.body),
        ),
        Claim::new(
            "which sees the gateway's identity",
            caller == gateway,
            format!("{caller:?}"),
        ),
    ]
}

/// Version 1 of stock-api answers every call, and no broken replica does, which `text` says.
pub(in crate::claims) fn first_answers(target: &Target, text: &str) -> Claim {
    let pages = target.shop.views(50, &[]);
    let is_first =
        |call: &&UpstreamCall| call.version.as_deref() == Some("v1") && call.status == Some(200);
    let calls = Share::count(pages.iter().flat_map(Page::stock_calls), is_first);
    Claim::new(
        text,
        calls.hits == calls.total && calls.total == 200,
        format!("{} of {} calls answered by v1", calls.hits, calls.total),
    )
}
