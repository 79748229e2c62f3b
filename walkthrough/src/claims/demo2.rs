//! Demo 2: the shop joins the mesh. Its load is in [`load`](super::load).

use std::thread;

use serde_json::Value;

use super::analysis;
use super::claim::Claim;
use super::network;
use super::target::Target;
use crate::cluster::SHOP;
use crate::cluster::kubectl::get;
use crate::cluster::pods::{self, is_ready};
use crate::cluster::sidecars::Sidecar;
use crate::observe::callers::{Caller, DATABASE};
use crate::observe::prometheus::Counters;

const APPS: [&str; 4] = ["web", "products-api", "stock-api", "products-db"];

pub(super) fn namespace(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let namespace = get(&["namespace", SHOP])?;
    let label = namespace["metadata"]["labels"]["istio-injection"].as_str();
    let sidecar = Sidecar::of_a_new_pod()?;
    let manifests = target.root.join("k8s");
    Ok(vec![
        Claim::new(
            "the namespace asks for sidecars",
            label == Some("enabled"),
            format!("istio-injection={}", label.unwrap_or("(none)")),
        ),
        Claim::new(
            "a pod that is made in it gets one",
            sidecar.is_some(),
            sidecar.map_or("none".into(), |sidecar| sidecar.image),
        ),
        analysis::of_files(&[&manifests.to_string_lossy()])?,
    ])
}

pub(super) fn deploy(target: &Target) -> anyhow::Result<Vec<Claim>> {
    thread::scope(|scope| {
        // Where no policy is enforced, this takes as long as a network may need to learn of one.
        let ports = scope.spawn(network::ports);
        let mut claims = shop_in_the_mesh(target)?;
        claims.extend(ports.join().expect("nobody panics")?);
        Ok(claims)
    })
}

fn shop_in_the_mesh(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let sidecars = sidecars()?;
    let content = target.shop.view();
    let html = target.shop.get("/", &[]);
    let identity = "spiffe://cluster.local/ns/widgetario/sa/default";
    let calls = content.calls();
    let proved = content.calls_under(identity);
    Ok(vec![
        sidecars,
        Claim::new(
            "the page shows four products",
            content.is_complete() && html.shows_all(),
            format!(
                "status {}, {} products",
                html.status,
                content.prices().len()
            ),
        ),
        Claim::new(
            "both APIs see the identity default, so each call is mutual TLS",
            calls.len() == 5 && proved == 5,
            format!("{proved} of {} calls", calls.len()),
        ),
        database()?,
        analysis::of_cluster()?,
    ])
}

/// Every workload of the shop has ready pods with a sidecar.
fn sidecars() -> anyhow::Result<Claim> {
    let pods = pods::running()?;
    let wanted = Sidecar::of_a_new_pod()?;
    let has_sidecar = |pod: &&Value| wanted.is_some() && Sidecar::of(pod) == wanted;
    let (with, all) = (pods.iter().filter(has_sidecar).count(), pods.len());
    let runs = |app: &&&str| {
        let is_of_app = |pod: &&Value| pod["metadata"]["labels"]["app"] == **app;
        pods.iter().filter(is_of_app).any(is_ready)
    };
    let running = APPS.iter().filter(runs).count();
    Ok(Claim::new(
        "every pod is ready, with the sidecar that a new pod would get",
        running == APPS.len() && with == all && pods.iter().all(is_ready),
        format!(
            "{with} of {all} pods, of {running} of {} workloads",
            APPS.len()
        ),
    ))
}

/// Both APIs' new connections to the database are encrypted, and no new connection of anybody is
/// plain text.
fn database() -> anyhow::Result<Claim> {
    let opened = |label: &str| {
        format!(
            "istio_tcp_connections_opened_total{{reporter=\"destination\",\
             destination_workload_namespace=\"{SHOP}\",destination_workload=\"products-db\",\
             response_flags=\"-\",{label}}}"
        )
    };
    let encrypted = |app: &str| {
        let mutual = "connection_security_policy=\"mutual_tls\"";
        opened(&format!("{mutual},source_app=\"{app}\""))
    };
    let counters = Counters::now(vec![
        encrypted("products-api"),
        encrypted("stock-api"),
        opened("connection_security_policy!=\"mutual_tls\""),
    ])?;
    let connect = || {
        for caller in [Caller::Products, Caller::Stock] {
            caller.ask(DATABASE);
        }
    };
    let growth = counters.growth_until(connect, |by| by[0] > 0.0 && by[1] > 0.0)?;
    let (products, stock, plain) = (growth.by[0], growth.by[1], growth.by[2]);
    Ok(Claim::new(
        "new connections of the database are mutual TLS, and none is plain text",
        growth.is_enough && plain <= 0.0,
        format!(
            "{products:.0} of products-api and {stock:.0} of stock-api encrypted, {plain:.0} plain"
        ),
    ))
}
