//! Identities, mutual TLS, and who may call whom.

use std::time::Instant;

use super::access::{CALLERS, Caller, Outcome, Request, Strangers, differing};
use super::shop::Page;
use super::{Bench, Claim, abridged, demo2};
use crate::cluster::{attempt, pods};

const PRODUCTS: Request = ("GET", "http://products-api.widgetario/products");
const STOCK: Request = ("GET", "http://stock-api.widgetario/stock/1");
const SALE: Request = ("POST", "http://stock-api.widgetario/stock/1/sales");
const DATABASE: Request = ("GET", "postgres://products-db.widgetario:5432");
const PAGE: Request = ("GET", "http://widgetario-web.widgetario:8010/api/shop");
/// Of a product that there is not: who may buy is told, and nothing is sold.
const BUY: Request = ("POST", "http://widgetario-web.widgetario:8010/buy/999");
/// What no policy ever opens.
const CLOSED: [Request; 4] = [
    ("POST", "http://widgetario-web.widgetario:8010/api/shop"),
    ("POST", "http://products-api.widgetario/products"),
    ("PUT", "http://stock-api.widgetario/stock/1"),
    ("POST", "http://stock-api.widgetario/stock/1"),
];
const REQUESTS: [Request; 6] = [PAGE, BUY, PRODUCTS, STOCK, SALE, DATABASE];
/// Open to those to whom the same by GET is.
const HEADS: [Request; 3] = [("HEAD", PAGE.1), ("HEAD", PRODUCTS.1), ("HEAD", STOCK.1)];

pub(super) fn service_accounts(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let pods = pods()?;
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
    let page = bench.shop.get("/api/shop", &[]);
    let identity = "spiffe://cluster.local/ns/widgetario/sa/widgetario-web";
    let seen = page
        .calls()
        .filter(|call| call["caller"] == identity)
        .count();
    claims.push(Claim::new(
        format!("both APIs see {identity}"),
        seen == 5 && page.calls().count() == 5,
        format!("{seen} of 5 calls"),
    ));
    for (caller, account) in [
        (Caller::Products, "widgetario-products"),
        (Caller::Stock, "widgetario-stock"),
    ] {
        let said = caller.says(STOCK);
        claims.push(Claim::new(
            format!("the certificate of {caller:?} says {account}"),
            said.contains(&format!("/sa/{account} ")),
            said,
        ));
    }
    Ok(claims)
}

pub(super) fn strict_mtls(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let _strangers = Strangers::start()?;
    let expected = |_, request: Request| match request {
        PRODUCTS | STOCK => Outcome::Cut,
        DATABASE => Outcome::Refused,
        _ => Outcome::Answered,
    };
    let requests = [PRODUCTS, STOCK, DATABASE, PAGE];
    let (cells, differing) = differing(expected, &[Caller::Outsider], &requests);
    let page = bench.shop.get("/", &[]);
    let complete = bench.shop.get("/api/shop", &[]).is_complete();
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

pub(super) fn deny_all(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let mut claims = table("every pair is refused", |_, _| false)?;
    let page = bench.shop.get("/", &[]);
    claims.push(Claim::new(
        "the page is refused with 403",
        page.status == 403 && page.body.contains("RBAC: access denied"),
        format!("status {}: {}", page.status, page.body.trim()),
    ));
    Ok(claims)
}

pub(super) fn allow(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let mut claims = table(
        "who may call whom is as the policies say",
        |caller, request| match request {
            PAGE => true,
            PRODUCTS | STOCK => caller == Caller::Web,
            DATABASE => matches!(caller, Caller::Products | Caller::Stock),
            _ => false,
        },
    )?;
    let page = bench.shop.get("/", &[]);
    claims.push(Claim::new(
        "the page is back, and complete",
        page.shows_all(),
        format!("status {}", page.status),
    ));
    let buy = bench.shop.post("/buy/999");
    claims.push(Claim::new(
        "Buy is refused with 403",
        buy.status == 403 && buy.body.contains("RBAC: access denied"),
        format!("status {}: {}", buy.status, buy.body.trim()),
    ));
    claims.push(demo2::analyzed()?);
    Ok(claims)
}

pub(super) fn allow_buy(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let mut claims = table(
        "Buy is open, and nothing else",
        |caller, request| match request {
            PAGE | BUY => true,
            PRODUCTS | STOCK | SALE => caller == Caller::Web,
            DATABASE => matches!(caller, Caller::Products | Caller::Stock),
            _ => false,
        },
    )?;
    let stock = |page: &Page| page.json["products"][0]["stock"].as_i64();
    let before = stock(&bench.shop.get("/api/shop", &[]));
    let buy = bench.shop.post("/buy/1");
    let left = buy.json["product"]["stock"].as_i64();
    let is_sold = buy.status == 200 && buy.json["outcome"] == "sold";
    claims.push(Claim::new(
        "a widget can be bought, and is gone from the stock",
        is_sold && left.zip(before).is_some_and(|(left, before)| left < before),
        format!(
            "status {}: {}; {before:?} before, {left:?} after",
            buy.status, buy.json["message"]
        ),
    ));
    claims.push(demo2::analyzed()?);
    Ok(claims)
}

pub(super) fn sleep() -> anyhow::Result<Vec<Claim>> {
    let url = "http://stock-api.widgetario.svc.cluster.local/stock/1";
    let wget = |pod: &str| {
        let arguments = ["exec", "-n", "default", pod, "--", "wget", "-qO-", url];
        let output = attempt("kubectl", &arguments, None)?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Ok::<_, anyhow::Error>((output.status.success(), said))
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

/// How the mesh says no: to a pod without identity by the end of the connection, except at web,
/// which takes plain text.
fn refusal(caller: Caller, (_, url): Request) -> Outcome {
    let is_api = !url.contains("widgetario-web") && !url.starts_with("postgres:");
    if is_api && caller == Caller::Outsider {
        Outcome::Cut
    } else {
        Outcome::Refused
    }
}

/// Compares who may do what with what pods meet; what is not allowed must be refused.
fn table(
    text: &str,
    allowed: impl Fn(Caller, Request) -> bool + Sync,
) -> anyhow::Result<Vec<Claim>> {
    let _strangers = Strangers::start()?;
    let begin = Instant::now();
    let expected = |caller, request: Request| {
        let looked = match request {
            ("HEAD", url) => ("GET", url),
            other => other,
        };
        if allowed(caller, looked) {
            Outcome::Answered
        } else {
            refusal(caller, request)
        }
    };
    let requests = [&REQUESTS[..], &HEADS, &CLOSED].concat();
    let (cells, differing) = differing(expected, &CALLERS, &requests);
    let evidence = format!("{cells} requests; {}", abridged(&differing));
    let mut claims = vec![Claim::new(text, differing.is_empty(), evidence)];

    let mut untold = Vec::new();
    for caller in CALLERS {
        let is_refused = caller != Caller::Outsider && !allowed(caller, DATABASE);
        if is_refused && !caller.is_refused_by_database(begin)? {
            untold.push(format!("not {caller:?}"));
        }
    }
    claims.push(Claim::new(
        "the database's sidecar tells whom it refused: it was the mesh, not the network",
        untold.is_empty(),
        abridged(&untold),
    ));
    Ok(claims)
}
