//! Methods, paths and callers count again: a waypoint reads the shop's HTTP.

use std::time::Instant;

use serde_json::Value;

use crate::claims::access::{BUY, CLOSED, HEADS, PAGE, PRODUCTS, REQUESTS, SALE, STOCK};
use crate::claims::analysis;
use crate::claims::claim::{Claim, abridged};
use crate::claims::target::Target;
use crate::cluster::pods;
use crate::observe::access::{ProbeResult, differing};
use crate::observe::address::{authority, of_pod};
use crate::observe::callers::{Caller, DATABASE, Request};
use crate::observe::probe_pods::ProbePods;
use crate::observe::wait::{eventually, wait_until};
use crate::observe::ztunnel::{self, Refusal};

/// The Service of one version that has no waypoint.
const AROUND: Request = Request::new("GET", "http://products-api-v1.widgetario/products");

/// Callers without sidecars: ztunnel leads what they ask to the waypoint.
const BY_THE_WAYPOINT: [Caller; 4] = [
    Caller::Web,
    Caller::Products,
    Caller::Stock,
    Caller::AmbientStranger,
];

/// Callers that go to the pods themselves, also when they name a Service that has a waypoint.
const PAST_THE_WAYPOINT: [Caller; 2] = [Caller::Stranger, Caller::Outsider];

pub(in crate::claims) fn waypoints(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = vec![table()?, nobody_gets_around()?, identities(target)];
    claims.extend(through_the_gateway(target));
    claims.push(straight_to_web(target));
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

/// Who may call whom.
fn table() -> anyhow::Result<Claim> {
    let _pods = ProbePods::start(true)?;
    let mut requests = [&REQUESTS[..], &HEADS, &CLOSED, &[AROUND]].concat();
    let (mut cells, mut lines) = differing(expected, &BY_THE_WAYPOINT, &requests);
    // At web, nobody but a waypoint knows methods.
    requests.retain(|request| request.method != "POST" || request.url != PAGE.url);
    let (more_cells, more_lines) = differing(expected, &PAST_THE_WAYPOINT, &requests);
    cells += more_cells;
    lines.extend(more_lines);
    Ok(Claim::new(
        "who may call whom is as in demo 3: the waypoint answers 403, and ztunnel lets nobody in who goes \
         around it",
        lines.is_empty(),
        format!("{cells} requests; {}", abridged(&lines)),
    ))
}

/// The result that a request must have.
fn expected(caller: Caller, request: Request) -> ProbeResult {
    use ProbeResult::{Answered, Cut, NotLetIn, Refused};
    match request {
        PAGE | BUY => Answered,
        DATABASE if matches!(caller, Caller::Products | Caller::Stock) => Answered,
        DATABASE => Refused,
        _ if request.method == "HEAD" => expected(caller, Request::new("GET", request.url)),
        // Its own sidecar answers when ztunnel at the other end lets nobody in.
        _ if caller == Caller::Stranger => NotLetIn,
        _ if caller == Caller::Outsider || request == AROUND => Cut,
        PRODUCTS | STOCK | SALE if caller == Caller::Web => Answered,
        _ => Refused,
    }
}

/// web, which may ask both APIs, may not do it at the addresses of their pods.
fn nobody_gets_around() -> anyhow::Result<Claim> {
    let mut targets = Vec::new();
    for pod in pods::running()? {
        let app = pod["metadata"]["labels"]["app"].as_str();
        let path = match app {
            Some("products-api") => "products",
            Some("stock-api") => "stock/1",
            _ => continue,
        };
        let address = authority(&of_pod(&pod)?, 8080);
        targets.push((app.unwrap_or_default().to_owned(), address, path));
    }
    let urls = targets.iter();
    let urls: Vec<String> = urls
        .map(|(_, address, path)| format!("http://{address}/{path}"))
        .collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let mut answers = Vec::new();
    let all = eventually(|| {
        let begin = Instant::now();
        answers = Caller::Web.ask_all("GET", &urls);
        for (app, address, _) in &targets {
            let is_it = |refusal: &Refusal| refusal.called == *address && refusal.is_of_web();
            if !ztunnel::refusals(app, begin)?.iter().any(is_it) {
                return Ok(None);
            }
        }
        let are_silent = answers.iter().all(|answer| answer.starts_with("no answer"));
        Ok(are_silent.then_some(()))
    })?;
    Ok(Claim::new(
        "around the waypoint, at the address of a pod, web gets no answer from either API: ztunnel refuses it",
        all.is_some() && !targets.is_empty(),
        format!("{} pods; {}", targets.len(), abridged(&answers)),
    ))
}

/// A connection that web opened before there was a waypoint leads around it, until it ends.
fn identities(target: &Target) -> Claim {
    let identity = "spiffe://cluster.local/ns/widgetario/sa/widgetario-web";
    let seen = || {
        let page = target.shop.view();
        (page.calls_under(identity), page.calls().len())
    };
    wait_until(|| seen() == (5, 5));
    let (known, calls) = seen();
    Claim::new(
        format!("both APIs see {identity} again"),
        (known, calls) == (5, 5),
        format!("{known} of {calls} calls"),
    )
}

/// Visitors of the ingress gateway pass the waypoint.
fn through_the_gateway(target: &Target) -> Vec<Claim> {
    let gateway = "spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account";
    let products = || target.gateway.get("/products", &[]);
    wait_until(|| products().header("x-widgetario-caller") == gateway);
    let (page, products) = (target.gateway.get("/", &[]), products());
    // There is no such product: web itself says so.
    let buy = target.gateway.post("/buy/999");
    let caller = products.header("x-widgetario-caller");
    let posts = ["/api/shop", "/products"].map(|path| (path, target.gateway.post(path)));
    let are_refused = posts
        .iter()
        .all(|(_, page)| page.status == 403 && page.body.contains("RBAC: access denied"));
    let told = posts.map(|(path, page)| format!("POST {path}: {} {}", page.status, page.body));
    vec![
        Claim::new(
            "the ingress gateway shows the shop and lets people buy, and products-api sees its identity",
            page.shows_all() && buy.status == 404 && products.status == 200 && caller == gateway,
            format!(
                "statuses {}, {} and {}, {caller:?}",
                page.status, buy.status, products.status
            ),
        ),
        Claim::new(
            "behind the gateway, the waypoint refuses a method that no policy allows with 403, at web and at \
             products-api",
            are_refused,
            abridged(&told),
        ),
    ]
}

/// Browsers at web's own port come from outside of the mesh, and nobody sends them to the waypoint.
fn straight_to_web(target: &Target) -> Claim {
    let page = target.shop.post("/api/shop");
    let title: Option<Value> = serde_json::from_str(&page.body).ok();
    let title = title.map_or(Value::Null, |mut answer| answer["title"].take());
    Claim::new(
        "at web's own port no waypoint asks for the method: web itself answers 405",
        page.status == 405 && title == "Method Not Allowed",
        format!("status {}: {title}", page.status),
    )
}
