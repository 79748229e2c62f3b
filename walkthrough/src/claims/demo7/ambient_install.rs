//! ztunnel joins the mesh, policies become those of layer 4, and the database leaves its sidecar.

use serde_json::Value;

use super::ambient::{EDGES, whole};
use super::captured;
use crate::claims::access::{BUY, Enforcer, PAGE, PRODUCTS, PUT, SALE, STOCK};
use crate::claims::analysis;
use crate::claims::claim::{Claim, abridged};
use crate::claims::demo1::scraping;
use crate::claims::target::Target;
use crate::cluster::kubectl::{elements, get, items};
use crate::cluster::pods;
use crate::cluster::sidecars::Sidecar;
use crate::cluster::{MESH, SHOP};
use crate::observe::callers::{Caller, DATABASE, Request};

pub(in crate::claims) fn install(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = vec![agent("ztunnel")?, agent("istio-cni-node")?];
    let pods = pods::running()?;
    let (database, services): (Vec<&Value>, Vec<&Value>) = pods
        .iter()
        .partition(|pod| pod["metadata"]["labels"]["app"] == "products-db");
    claims.push(captured::pods("the database", &database));
    let sidecars = services.iter().filter(|pod| Sidecar::of(pod).is_some());
    let sidecars = sidecars.count();
    claims.push(Claim::new(
        "all others still have their sidecar",
        sidecars == services.len() && sidecars > 0,
        format!("{sidecars} of {} pods", services.len()),
    ));
    claims.push(whole(target));
    // The last two lead to the database, the only pod that ztunnel serves yet.
    claims.push(captured::carries(target, &EDGES[2..])?);
    claims.push(policies_of_layer_4()?);
    claims.extend(Enforcer::SidecarsAndZtunnel.table(
        "who may open a connection to whom is as before, in the sidecars and in ztunnel",
        may_connect,
    )?);
    claims.push(scraping()?);
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

/// Who may do what by policies of layer 4: whoever may read may also write.
pub(super) fn may_connect(caller: Caller, request: Request) -> bool {
    match request {
        PAGE | BUY => true,
        PRODUCTS | STOCK | SALE | PUT => caller == Caller::Web,
        DATABASE => matches!(caller, Caller::Products | Caller::Stock),
        _ => false,
    }
}

/// A `DaemonSet` of the mesh has a pod on each node that it is for.
fn agent(name: &str) -> anyhow::Result<Claim> {
    let agent = get(&["daemonset", name, "-n", MESH])?;
    let count = |field: &str| agent["status"][field].as_u64().unwrap_or_default();
    let (ready, wanted) = (count("numberReady"), count("desiredNumberScheduled"));
    Ok(Claim::new(
        format!("{name} is ready on each node"),
        ready > 0 && ready == wanted,
        format!("{ready} of {wanted}"),
    ))
}

/// No policy of a pod names what ztunnel cannot see: methods, paths and hosts.
fn policies_of_layer_4() -> anyhow::Result<Claim> {
    let policies = get(&["authorizationpolicies", "-n", SHOP])?;
    let all = items(&policies).count();
    let names_http = |policy: &&Value| {
        let rules = elements(&policy["spec"]["rules"]);
        let mut operations = rules
            .flat_map(|rule| elements(&rule["to"]))
            .map(|to| &to["operation"]);
        let is_http = |name: &String| !matches!(name.as_str(), "ports" | "notPorts");
        operations.any(|operation| {
            let fields = operation.as_object().into_iter().flatten();
            fields.map(|(name, _)| name).any(is_http)
        })
    };
    let named = items(&policies).filter(names_http);
    let named: Vec<String> = named
        .map(|policy| policy["metadata"]["name"].to_string())
        .collect();
    Ok(Claim::new(
        "no policy names a method or a path, which ztunnel cannot see",
        all > 0 && named.is_empty(),
        format!("{all} policies; {}", abridged(&named)),
    ))
}
