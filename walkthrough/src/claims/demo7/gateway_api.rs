//! The shop by the objects of the Gateway API, without one of Istio's own for its traffic.

use serde_json::Value;

use crate::claims::analysis;
use crate::claims::claim::{Claim, abridged};
use crate::claims::demo4::{canary, ingress};
use crate::claims::target::Target;
use crate::cluster::kubectl::{condition, elements, get, items};
use crate::cluster::{MESH, SHOP};
use crate::observe::page::Page;
use crate::observe::wait::{eventually, wait_until};

/// The kinds that the Gateway API replaces.
const REPLACED: &str = "virtualservices.networking.istio.io,gateways.networking.istio.io,destinationrules.networking.istio.io";

pub(in crate::claims) fn gateway_api(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = vec![nothing_is_left()?, are_accepted()?, no_proxy_is_started()?];
    claims.extend(ingress::entrance(target));
    claims.push(redirect(target));
    claims.extend(canary::split(target, 1.0)?);
    let text = "stock-api is whole: version 1 answers every call";
    claims.push(ingress::first_answers(target, text));
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

fn nothing_is_left() -> anyhow::Result<Claim> {
    let left = get(&[REPLACED, "-n", SHOP])?;
    let left: Vec<String> = items(&left).map(title).collect();
    Ok(Claim::new(
        "no VirtualService, DestinationRule or Gateway of Istio's own is left",
        left.is_empty(),
        abridged(&left),
    ))
}

/// istiod writes into the status of each object whether it can do what the object says.
fn are_accepted() -> anyhow::Result<Claim> {
    let (mut count, mut others) = (0, Vec::new());
    let accepted = eventually(|| {
        let gateways = get(&["gateways.gateway.networking.k8s.io", "-n", MESH])?;
        let routes = get(&["httproutes.gateway.networking.k8s.io", "-n", SHOP])?;
        let objects = || items(&gateways).chain(items(&routes));
        count = objects().count();
        others = objects()
            .filter(|object| !is_accepted(object))
            .map(title)
            .collect();
        Ok((count > 0 && others.is_empty()).then_some(()))
    })?;
    Ok(Claim::new(
        "istiod has accepted the Gateway and its routes, and knows all Services that they name",
        accepted.is_some(),
        match others.as_slice() {
            [] => format!("{count} objects"),
            others => format!("not {}", abridged(others)),
        },
    ))
}

/// A route has conditions for each of its parents, a Gateway has its own
/// (<https://gateway-api.sigs.k8s.io/geps/gep-1364/>).
fn is_accepted(object: &Value) -> bool {
    let status = &object["status"];
    let parents = elements(&status["parents"]).map(|parent| &parent["conditions"]);
    let lists: Vec<&Value> = match object["kind"].as_str() {
        Some("Gateway") => vec![&status["conditions"]],
        _ => parents.collect(),
    };
    let is_good = |list: &&Value| {
        condition(list, "Accepted")["status"] == "True"
            && condition(list, "ResolvedRefs")["status"] != "False"
    };
    !lists.is_empty() && lists.iter().all(is_good)
}

fn no_proxy_is_started() -> anyhow::Result<Claim> {
    let label = "gateway.networking.k8s.io/gateway-name=widgetario";
    let started = get(&["deployments", "-n", MESH, "-l", label])?;
    let started: Vec<String> = items(&started).map(title).collect();
    Ok(Claim::new(
        "the Gateway uses the ingress gateway that was there: Istio started no other proxy for it",
        started.is_empty(),
        abridged(&started),
    ))
}

fn redirect(target: &Target) -> Claim {
    let ask = || target.gateway.get("/widgets", &[]);
    let leads =
        |answer: &Page| answer.status == 302 && answer.header("location").ends_with("/products");
    wait_until(|| leads(&ask()));
    let answer = ask();
    let location = answer.header("location");
    Claim::new(
        "/widgets has moved to /products, and the answer says so",
        leads(&answer),
        format!("status {}, location {location:?}", answer.status),
    )
}

fn title(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    format!("{kind} {name}")
}
