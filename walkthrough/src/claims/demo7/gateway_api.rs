//! The shop by the objects of the Gateway API, without one of Istio's own for its traffic.

use serde_json::Value;

use crate::claims::analysis;
use crate::claims::claim::{Claim, abridged};
use crate::claims::demo4::{canary, ingress};
use crate::claims::target::Target;
use crate::cluster::kubectl::{elements, get, items};
use crate::cluster::{MESH, SHOP};
use crate::observe::wait::{eventually, wait_until};

/// The kinds that the Gateway API replaces.
const REPLACED: &str = "virtualservices.networking.istio.io,gateways.networking.istio.io,destinationrules.networking.istio.io";

pub(in crate::claims) fn gateway_api(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = vec![nothing_is_left()?, are_accepted()?, no_proxy_is_started()?];
    claims.extend(ingress::entrance(target));
    claims.push(redirect(target));
    claims.extend(canary::split(target, 1.0)?);
    claims.push(ingress::first_answers(target));
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
    let mut accepted = Vec::new();
    let mut others = Vec::new();
    eventually(|| {
        let gateways = get(&["gateways.gateway.networking.k8s.io", "-n", MESH])?;
        let routes = get(&["httproutes.gateway.networking.k8s.io", "-n", SHOP])?;
        let objects = items(&gateways)
            .chain(items(&routes))
            .map(title_and_acceptance);
        let (good, bad): (Vec<_>, Vec<_>) = objects.partition(|(_, is_accepted)| *is_accepted);
        accepted = good.into_iter().map(|(title, _)| title).collect();
        others = bad.into_iter().map(|(title, _)| title).collect();
        Ok((others.is_empty() && !accepted.is_empty()).then_some(()))
    })?;
    Ok(Claim::new(
        "istiod has accepted the Gateway and its routes, and knows all Services that they name",
        others.is_empty() && !accepted.is_empty(),
        format!(
            "accepted: {}; not: {}",
            accepted.join(", "),
            abridged(&others)
        ),
    ))
}

fn title_and_acceptance(object: &Value) -> (String, bool) {
    let status = &object["status"];
    // A route has conditions for each parent, a Gateway for itself.
    let parents = elements(&status["parents"]).map(|parent| &parent["conditions"]);
    let conditions: Vec<&Value> = match object["kind"].as_str() {
        Some("Gateway") => vec![&status["conditions"]],
        _ => parents.collect(),
    };
    let is_true = |conditions: &Value, kind: &str| {
        elements(conditions)
            .any(|condition| condition["type"] == kind && condition["status"] == "True")
    };
    let are_true = |conditions: &&Value| {
        is_true(conditions, "Accepted") && is_true(conditions, "ResolvedRefs")
    };
    let is_accepted = !conditions.is_empty() && conditions.iter().all(are_true);
    (title(object), is_accepted)
}

fn no_proxy_is_started() -> anyhow::Result<Claim> {
    let label = "gateway.networking.k8s.io/gateway-name";
    let started = get(&["deployments", "-A", "-l", label])?;
    let started: Vec<String> = items(&started).map(title).collect();
    Ok(Claim::new(
        "the Gateway uses the ingress gateway that was there: Istio started no other proxy for it",
        started.is_empty(),
        abridged(&started),
    ))
}

fn redirect(target: &Target) -> Claim {
    let answer = || target.gateway.get("/widgets", &[]);
    let leads = || {
        let answer = answer();
        answer.status == 302 && answer.header("location").ends_with("/products")
    };
    wait_until(leads);
    let answer = answer();
    Claim::new(
        "/widgets has moved to /products, and the answer says so: 302",
        leads(),
        format!(
            "status {}, location {:?}",
            answer.status,
            answer.header("location")
        ),
    )
}

fn title(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    format!("{kind} {name}")
}
