//! The shop on the mesh, and under load.

use std::collections::BTreeSet;

use serde_json::Value;

use super::access::Caller;
use super::demo5::{growth, query};
use super::shop::{Page, statuses};
use super::{Bench, Claim, eventually};
use crate::cluster::{SHOP, attempt, get, is_ready, pods};
use crate::stages::sidecars::Sidecar;

pub(super) fn namespace(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let namespace = get(&["namespace", SHOP])?;
    let label = namespace["metadata"]["labels"]["istio-injection"].as_str();
    let sidecar = Sidecar::of_a_new_pod()?;
    let manifests = bench.root.join("k8s");
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
        analysis(&[&manifests.to_string_lossy()])?,
    ])
}

/// `istioctl analyze` has nothing to say.
pub(super) fn analyzed() -> anyhow::Result<Claim> {
    analysis(&[])
}

/// Of `files`, too.
fn analysis(files: &[&str]) -> anyhow::Result<Claim> {
    // It tells that it found nothing on standard error, and what it found on standard output.
    let arguments = [&["analyze"], files, &["-n", SHOP]].concat();
    let analyzed = attempt("istioctl", &arguments, None)?;
    let said = [analyzed.stdout, analyzed.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let clean = said.contains("No validation issues found");
    let said = if clean { "" } else { said.trim() };
    Ok(Claim::new("istioctl analyze finds nothing", clean, said))
}

pub(super) fn deploy(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let pods = pods()?;
    let wanted = Sidecar::of_a_new_pod()?;
    let has_sidecar = |pod: &&Value| wanted.is_some() && Sidecar::of(pod) == wanted;
    let (with, all) = (pods.iter().filter(has_sidecar).count(), pods.len());
    let apps = ["web", "products-api", "stock-api", "products-db"];
    let runs = |app: &&str| {
        let is_it = |pod: &&Value| pod["metadata"]["labels"]["app"] == **app;
        pods.iter().filter(is_it).any(is_ready)
    };
    let running = apps.iter().filter(|app| runs(app)).count();
    let page = bench.shop.get("/api/shop", &[]);
    let identity = "spiffe://cluster.local/ns/widgetario/sa/default";
    let (calls, proved) = (
        page.calls().count(),
        page.calls()
            .filter(|call| call["caller"] == identity)
            .count(),
    );
    let html = bench.shop.get("/", &[]);
    Ok(vec![
        Claim::new(
            "every pod is ready, with the sidecar that a new pod would get",
            running == apps.len() && with == all && pods.iter().all(is_ready),
            format!(
                "{with} of {all} pods, of {running} of {} workloads",
                apps.len()
            ),
        ),
        Claim::new(
            "the page shows four products",
            page.is_complete() && html.shows_all(),
            format!("status {}, {} products", html.status, page.prices().len()),
        ),
        Claim::new(
            "both APIs see the identity default, so each call is mutual TLS",
            calls == 5 && proved == 5,
            format!("{proved} of {calls} calls"),
        ),
        database()?,
        analyzed()?,
    ])
}

/// Connections of the database, one of each API's own and whatever else comes: how many were
/// encrypted, and how many were not.
fn database() -> anyhow::Result<Claim> {
    let text = "new connections of the database are mutual TLS, and none is plain text";
    let opened = |label: &str| {
        query(&format!(
            "istio_tcp_connections_opened_total{{reporter=\"destination\",\
             destination_workload_namespace=\"{SHOP}\",destination_workload=\"products-db\",\
             response_flags=\"-\",{label}}}"
        ))
    };
    let encrypted = "connection_security_policy=\"mutual_tls\"";
    let of = |app: &str| format!("{encrypted},source_app=\"{app}\"");
    let plain = "connection_security_policy!=\"mutual_tls\"";
    let labels = [of("products-api"), of("stock-api"), plain.to_owned()];
    let count = || {
        labels
            .iter()
            .map(|label| opened(label))
            .collect::<anyhow::Result<Vec<_>>>()
    };
    let before = count()?;
    let mut more = vec![0.0; labels.len()];
    let seen = eventually(|| {
        // Connections to be counted.
        for caller in [Caller::Products, Caller::Stock] {
            caller.says(("GET", "postgres://products-db.widgetario:5432"));
        }
        more = count()?
            .iter()
            .zip(&before)
            .map(|(now, before)| growth(before, now))
            .collect();
        Ok((more[0] > 0.0 && more[1] > 0.0).then_some(()))
    })?;
    Ok(Claim::new(
        text,
        seen.is_some() && more[2] <= 0.0,
        format!(
            "{:.0} of products-api and {:.0} of stock-api encrypted, {:.0} plain",
            more[0], more[1], more[2]
        ),
    ))
}

/// The shop that is measured is this cluster's, and not another at the same address.
pub(super) fn ours(bench: &Bench) -> anyhow::Result<Claim> {
    let page = bench.shop.get("/api/shop", &[]);
    let pods = pods()?;
    let is_ours = |name: &&str| pods.iter().any(|pod| pod["metadata"]["name"] == **name);
    let answered: BTreeSet<&str> = page
        .calls()
        .filter_map(|call| call["pod"].as_str())
        .collect();
    let strangers: Vec<&str> = answered
        .iter()
        .copied()
        .filter(|name| !is_ours(name))
        .collect();
    Ok(Claim::new(
        "the shop that is measured is the cluster's: its pods answer",
        !answered.is_empty() && strangers.is_empty(),
        match strangers.as_slice() {
            [] => format!("{} pods", answered.len()),
            strangers => format!("{} is no pod of the cluster", strangers.join(", ")),
        },
    ))
}

/// 25 views a second for 20 s, as fortio asks, which gives up after `timeout`; the presenter's own
/// may run beside it.
pub(super) fn load(bench: &Bench, timeout: f64) -> Vec<Claim> {
    let (pages, took) = bench.shop.load(25, 20);
    let is_good = |page: &&Page| page.status == 200 && page.seconds < timeout;
    let good = pages.iter().filter(is_good).count();
    let complete = pages.iter().filter(|page| page.shows_all()).count();
    let mut seconds: Vec<f64> = pages.iter().map(|page| page.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let at = |percent: usize| 1000.0 * seconds[(seconds.len() - 1) * percent / 100];
    #[expect(clippy::cast_precision_loss, reason = "500 views")]
    let rate = pages.len() as f64 / took.as_secs_f64();
    vec![
        Claim::new(
            format!("no request fails, or takes {timeout:.0} s"),
            good == pages.len(),
            statuses(&pages),
        ),
        Claim::new(
            "and none of the calls behind them: each page shows all it should",
            complete == pages.len(),
            format!("{complete} of {} pages", pages.len()),
        ),
        Claim::new(
            "the rate is held",
            rate > 24.0,
            format!(
                "{rate:.1} a second, p50 {:.0} ms, p99 {:.0} ms",
                at(50),
                at(99)
            ),
        ),
    ]
}
