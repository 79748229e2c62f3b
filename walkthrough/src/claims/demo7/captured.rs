//! Whether pods are in the ambient mesh, and ztunnel carries what they send.

use serde_json::Value;

use crate::claims::claim::{Claim, abridged};
use crate::claims::target::Target;
use crate::cluster::kubectl::elements;
use crate::cluster::pods::is_redirected;
use crate::observe::prometheus::Counters;
use crate::observe::ztunnel::bytes;

/// Each of `pods`, called `what`, has one container, and Istio's CNI agent leads its traffic to ztunnel.
pub(super) fn pods(what: &str, pods: &[&Value]) -> Claim {
    let is_plain = |pod: &&&Value| {
        let spec = &pod["spec"];
        let kinds = ["containers", "initContainers"].into_iter();
        let containers = kinds.map(|kind| elements(&spec[kind]).count());
        containers.sum::<usize>() == 1 && is_redirected(pod)
    };
    let (plain, other): (Vec<&Value>, Vec<&Value>) = pods.iter().partition(is_plain);
    let name = |pod: &&Value| {
        pod["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let other: Vec<String> = other.iter().map(name).collect();
    Claim::new(
        format!("{what}: one container, and ztunnel takes all it sends and gets"),
        !plain.is_empty() && other.is_empty(),
        match other.as_slice() {
            [] => format!("{} of {} pods", plain.len(), pods.len()),
            other => format!("not {}", abridged(other)),
        },
    )
}

/// A connection: the service account that makes it, and the app that it leads to.
pub(super) type Edge = (&'static str, &'static str);

/// ztunnel carries what a visit and a try to buy send by each of `edges`.
///
/// # Errors
/// When Prometheus does not answer.
pub(super) fn carries(target: &Target, edges: &[Edge]) -> anyhow::Result<Claim> {
    let queries = edges.iter().map(|(source, app)| bytes(source, app));
    let counters = Counters::now(queries.collect())?;
    let visit = || {
        target.shop.view();
        // stock-api asks the database, whatever is in its cache; there is no such product.
        target.shop.post("/buy/999");
    };
    let growth = counters.growth_until(visit, |growth| growth.iter().all(|by| *by > 0.0))?;
    let carried = edges.iter().zip(&growth.by);
    let carried = carried.map(|((source, app), by)| format!("{source} → {app}: {by:.0} bytes"));
    let carried: Vec<String> = carried.collect();
    Ok(Claim::new(
        "ztunnel carries these visits, under each caller's identity, by mutual TLS",
        growth.is_enough,
        carried.join("; "),
    ))
}
