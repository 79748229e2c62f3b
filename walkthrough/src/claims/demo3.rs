//! Demo 3: identities, mutual TLS, and who may call whom.

use web::contract::SaleOutcome;

use super::access::{BUY, Enforcer, PAGE, PRODUCTS, SALE, STOCK};
use super::analysis;
use super::claim::{Claim, abridged};
use super::target::Target;
use crate::cluster::kubectl::attempt;
use crate::cluster::pods;
use crate::observe::access::{ProbeResult, differing};
use crate::observe::callers::{Caller, DATABASE, Request};
use crate::observe::page::Page;
use crate::observe::probe_pods::ProbePods;

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
    let _pods = ProbePods::start(false)?;
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
    let mut claims = Enforcer::Sidecars.table("every pair is refused", |_, _| false)?;
    let page = target.shop.get("/", &[]);
    claims.push(Claim::new(
        "the page is refused with 403",
        page.status == 403 && page.body.contains("RBAC: access denied"),
        format!("status {}: {}", page.status, page.body.trim()),
    ));
    Ok(claims)
}

pub(super) fn allow(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = Enforcer::Sidecars.table(
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
    let mut claims = Enforcer::Sidecars.table(
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
