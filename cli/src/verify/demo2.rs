//! The shop on the mesh, and under load.

use serde_json::Value;

use super::access::Caller;
use super::demo5::query;
use super::shop::statuses;
use super::{Bench, Claim, eventually};
use crate::cluster::{SHOP, attempt, get, pods};

pub(super) fn namespace() -> anyhow::Result<Vec<Claim>> {
    let namespace = get(&["namespace", SHOP])?;
    let label = namespace["metadata"]["labels"]["istio-injection"].as_str();
    Ok(vec![
        Claim::new(
            "the namespace asks for sidecars",
            label == Some("enabled"),
            format!("istio-injection={}", label.unwrap_or("(none)")),
        ),
        analyzed()?,
    ])
}

/// `istioctl analyze` has nothing to say.
pub(super) fn analyzed() -> anyhow::Result<Claim> {
    // It tells that it found nothing on standard error, and what it found on standard output.
    let analyzed = attempt("istioctl", &["analyze", "-n", SHOP], None)?;
    let said = [analyzed.stdout, analyzed.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let clean = said.contains("No validation issues found");
    let said = if clean { "" } else { said.trim() };
    Ok(Claim::new("istioctl analyze finds nothing", clean, said))
}

pub(super) fn deploy(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let pods = pods()?;
    let has_sidecar = |pod: &&Value| {
        let containers = ["containers", "initContainers"];
        let mut containers = containers
            .iter()
            .filter_map(|kind| pod["spec"][kind].as_array());
        containers.any(|list| {
            list.iter()
                .any(|container| container["name"] == "istio-proxy")
        })
    };
    let (with, all) = (pods.iter().filter(has_sidecar).count(), pods.len());
    let page = bench.shop.get("/api/shop", &[]);
    let identity = "spiffe://cluster.local/ns/widgetario/sa/";
    let callers = page
        .calls()
        .map(|call| call["caller"].as_str().unwrap_or_default());
    let proved = callers
        .filter(|caller| caller.starts_with(identity))
        .count();
    let opened = |policy: &str| {
        // A connection to be counted.
        Caller::Products.says(("GET", "postgres://products-db.widgetario:5432"));
        let series = query(&format!(
            "sum(increase(istio_tcp_connections_opened_total{{reporter=\"destination\",\
             destination_workload_namespace=\"{SHOP}\",destination_workload=\"products-db\",\
             response_flags=\"-\",connection_security_policy{policy}\"mutual_tls\"}}[1m]))"
        ))?;
        Ok::<f64, anyhow::Error>(series.iter().map(|(_, value)| value).sum())
    };
    let encrypted = eventually(|| Ok(Some(opened("=")?).filter(|count| *count > 0.0)))?;
    let plain = opened("!=")?.abs();
    Ok(vec![
        Claim::new(
            "every pod has its sidecar",
            all > 0 && with == all,
            format!("{with} of {all} pods"),
        ),
        Claim::new(
            "the page shows four products",
            page.status == 200 && page.prices().len() == 4 && !page.has_unknown(),
            format!("status {}, {} products", page.status, page.prices().len()),
        ),
        Claim::new(
            "both APIs see the identity default, so each call is mutual TLS",
            proved == 5,
            format!("{proved} of 5 calls"),
        ),
        Claim::new(
            "new connections of the database are mutual TLS, and none is plain text",
            encrypted.is_some() && plain < 0.5,
            format!(
                "{:.0} encrypted and {plain:.0} plain within a minute",
                encrypted.unwrap_or_default()
            ),
        ),
        analyzed()?,
    ])
}

/// 25 views a second for 20 s; the presenter's own fortio may run beside it.
pub(super) fn load(bench: &Bench) -> Vec<Claim> {
    let (pages, took) = bench.shop.load(25, 20);
    let failed = pages.iter().filter(|page| page.status != 200).count();
    let mut seconds: Vec<f64> = pages.iter().map(|page| page.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let at = |percent: usize| 1000.0 * seconds[(seconds.len() - 1) * percent / 100];
    #[expect(clippy::cast_precision_loss, reason = "500 views")]
    let rate = pages.len() as f64 / took.as_secs_f64();
    vec![
        Claim::new("no request fails", failed == 0, statuses(&pages)),
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
