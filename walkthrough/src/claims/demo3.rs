//! Demo 3: identities, mutual TLS, and who may call whom.

use std::time::Instant;

use web::contract::SaleOutcome;

use super::analysis;
use super::claim::{Claim, abridged};
use super::target::Target;
use crate::cluster::kubectl::attempt;
use crate::cluster::pods;
use crate::observe::access::{ProbeResult, differing};
use crate::observe::callers::{CALLERS, Caller, DATABASE, Request, not_refused_by_database};
use crate::observe::page::Page;
use crate::observe::probe_pods::ProbePods;

const PRODUCTS: Request = Request::new("GET", "http://products-api.widgetario/products");
const STOCK: Request = Request::new("GET", "http://stock-api.widgetario/stock/1");
const SALE: Request = Request::new("POST", "http://stock-api.widgetario/stock/1/sales");
const PAGE: Request = Request::new("GET", "http://widgetario-web.widgetario:8010/api/shop");
/// Buys a product that does not exist: the answer shows who may buy, and nothing is sold.
const BUY: Request = Request::new("POST", "http://widgetario-web.widgetario:8010/buy/999");
const REQUESTS: [Request; 6] = [PAGE, BUY, PRODUCTS, STOCK, SALE, DATABASE];
/// Allowed for the callers who may GET the same URL.
const HEADS: [Request; 3] = [
    Request::new("HEAD", PAGE.url),
    Request::new("HEAD", PRODUCTS.url),
    Request::new("HEAD", STOCK.url),
];
/// Requests that no policy ever allows.
const CLOSED: [Request; 4] = [
    Request::new("POST", "http://widgetario-web.widgetario:8010/api/shop"),
    Request::new("POST", "http://products-api.widgetario/products"),
    Request::new("PUT", "http://stock-api.widgetario/stock/1"),
    Request::new("POST", "http://stock-api.widgetario/stock/1"),
];

pub(super) fn service_accounts(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let pods = pods::running()?;
    let mut claims = Vec::new();
    for (app, account) in [
        ("web", "widgetario-web"),
        ("products-api", "widgetario-products"),
        ("stock-api", "widgetario-stock"),
    ] {
        let pods = pods
            .iter()
            .filter(|pod| pod["metadata"]["labels"]["app"] == app);
        let accounts: Vec<_> = pods.map(|pod| &pod["spec"]["serviceAccountName"]).collect();
        claims.push(Claim::new(
            format!("{app} runs as {account}"),
            !accounts.is_empty() && accounts.iter().all(|name| **name == account),
            format!("{accounts:?}"),
        ));
    }
    let page = target.shop.view();
    let identity = "spiffe://cluster.local/ns/widgetario/sa/widgetario-web";
    let seen = page.calls_under(identity);
    claims.push(Claim::new(
        format!("both APIs see {identity}"),
        seen == 5 && page.calls().len() == 5,
        format!("{seen} of 5 calls"),
    ));
    for (caller, account) in [
        (Caller::Products, "widgetario-products"),
        (Caller::Stock, "widgetario-stock"),
    ] {
        let answer = caller.ask(STOCK);
        claims.push(Claim::new(
            format!("the certificate of {caller:?} says {account}"),
            answer.contains(&format!("/sa/{account} ")),
            answer,
        ));
    }
    Ok(claims)
}

pub(super) fn strict_mtls(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let _pods = ProbePods::start()?;
    let expected = |_, request: Request| match request {
        PRODUCTS | STOCK => ProbeResult::Cut,
        DATABASE => ProbeResult::Refused,
        _ => ProbeResult::Answered,
    };
    let requests = [PRODUCTS, STOCK, DATABASE, PAGE];
    let (cells, differing) = differing(expected, &[Caller::Outsider], &requests);
    let page = target.shop.get("/", &[]);
    let complete = target.shop.view().is_complete();
    Ok(vec![
        Claim::new(
            "plain text is cut off at both APIs and the database, and taken at web",
            differing.is_empty(),
            format!("{cells} requests; {}", abridged(&differing)),
        ),
        Claim::new(
            "the page is still there for browsers, and complete",
            page.shows_all() && complete,
            format!("status {}", page.status),
        ),
    ])
}

pub(super) fn deny_all(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = table("every pair is refused", |_, _| false)?;
    let page = target.shop.get("/", &[]);
    claims.push(Claim::new(
        "the page is refused with 403",
        page.status == 403 && page.body.contains("RBAC: access denied"),
        format!("status {}: {}", page.status, page.body.trim()),
    ));
    Ok(claims)
}

pub(super) fn allow(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = table(
        "who may call whom is as the policies say",
        |caller, request| match request {
            PAGE => true,
            PRODUCTS | STOCK => caller == Caller::Web,
            DATABASE => matches!(caller, Caller::Products | Caller::Stock),
            _ => false,
        },
    )?;
    let page = target.shop.get("/", &[]);
    claims.push(Claim::new(
        "the page is back, and complete",
        page.shows_all(),
        format!("status {}", page.status),
    ));
    let buy = target.shop.post("/buy/999");
    claims.push(Claim::new(
        "Buy is refused with 403",
        buy.status == 403 && buy.body.contains("RBAC: access denied"),
        format!("status {}: {}", buy.status, buy.body.trim()),
    ));
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

pub(super) fn allow_buy(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = table(
        "Buy is open, and nothing else",
        |caller, request| match request {
            PAGE | BUY => true,
            PRODUCTS | STOCK | SALE => caller == Caller::Web,
            DATABASE => matches!(caller, Caller::Products | Caller::Stock),
            _ => false,
        },
    )?;
    let stock = |page: &Page| page.products().first()?.stock;
    let before = stock(&target.shop.view());
    let buy = target.shop.post("/buy/1");
    let sale = buy.sale();
    let sold = sale.as_ref().map(|sale| sale.outcome) == Some(SaleOutcome::Sold);
    let left = sale
        .as_ref()
        .and_then(|sale| Some(sale.product.as_ref()?.stock));
    let message = sale.as_ref().map_or("", |sale| &sale.message);
    claims.push(Claim::new(
        "a widget can be bought, and is gone from the stock",
        buy.status == 200 && sold && left.zip(before).is_some_and(|(left, before)| left < before),
        format!(
            "status {}: {message:?}; {before:?} before, {left:?} after",
            buy.status
        ),
    ));
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

pub(super) fn sleep() -> anyhow::Result<Vec<Claim>> {
    let url = "http://stock-api.widgetario.svc.cluster.local/stock/1";
    let wget = |pod: &str| {
        let arguments = ["exec", "-n", "default", pod, "--", "wget", "-qO-", url];
        let output = attempt("kubectl", &arguments, None)?;
        let error = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Ok::<_, anyhow::Error>((output.status.success(), error))
    };
    let (outside_answered, outside) = wget("sleep")?;
    let (inside_answered, inside) = wget("sleep-in-mesh")?;
    Ok(vec![
        Claim::new(
            "sleep has no identity, and is cut off",
            !outside_answered && outside.contains("reset by peer"),
            outside,
        ),
        Claim::new(
            "sleep-in-mesh has one that no policy names, and is refused with 403",
            !inside_answered && inside.contains("403 Forbidden"),
            inside,
        ),
    ])
}

/// How the mesh refuses a request: it ends the connection of a pod without an identity, except at
/// web, which accepts plain text.
fn refusal(caller: Caller, request: Request) -> ProbeResult {
    let is_for_api = !request.url.contains("widgetario-web") && !request.is_for_database();
    if is_for_api && caller == Caller::Outsider {
        ProbeResult::Cut
    } else {
        ProbeResult::Refused
    }
}

/// Compares the answers that pods get with who may do what: an `allowed` request must be answered,
/// and all others must be refused.
fn table(text: &str, allowed: impl Fn(Caller, Request) -> bool) -> anyhow::Result<Vec<Claim>> {
    let _pods = ProbePods::start()?;
    let begin = Instant::now();
    let expected = |caller, request: Request| {
        let is_allowed = match request.method {
            "HEAD" => allowed(caller, Request::new("GET", request.url)),
            _ => allowed(caller, request),
        };
        if is_allowed {
            ProbeResult::Answered
        } else {
            refusal(caller, request)
        }
    };
    let requests = [&REQUESTS[..], &HEADS, &CLOSED].concat();
    let (cells, differing) = differing(expected, &CALLERS, &requests);
    let evidence = format!("{cells} requests; {}", abridged(&differing));
    let mut claims = vec![Claim::new(text, differing.is_empty(), evidence)];

    let mut refused = CALLERS.to_vec();
    refused.retain(|caller| *caller != Caller::Outsider && !allowed(*caller, DATABASE));
    let unlogged = not_refused_by_database(&refused, begin)?.into_iter();
    let unlogged: Vec<String> = unlogged.map(|caller| format!("not {caller:?}")).collect();
    claims.push(Claim::new(
        "the database's sidecar tells whom it refused: it was the mesh, not the network",
        unlogged.is_empty(),
        abridged(&unlogged),
    ));
    Ok(claims)
}
