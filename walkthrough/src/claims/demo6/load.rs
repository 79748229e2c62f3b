//! Visitors from inside the cluster.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::cluster::SHOP;
use crate::cluster::kubectl::kubectl;
use crate::observe::prometheus::query;

/// Visits a second: the same number as in the demo's file.
const RATE: f64 = 25.0;
/// By how much the measured rate may differ. Prometheus reads the counters every 5 s, and so knows the
/// beginning and the end of half a minute by some tenths of a second.
const TOLERANCE: f64 = 1.0;
/// Half a minute, and the first reading before it.
const MEASURED: Duration = Duration::from_secs(35);

pub(in crate::claims) fn load() -> anyhow::Result<Vec<Claim>> {
    let begin = Instant::now();
    let analysis = analysis::of_cluster()?;
    let page = page()?;
    // Until then the half minute began before this load, or while web was not ready.
    sleep(MEASURED.saturating_sub(begin.elapsed()));
    let source = |labels: &str| visits(&format!("reporter=\"source\"{labels}"));
    let rate = source("")?;
    let failures = source(",response_code!=\"200\"")?;
    let encrypted = visits("reporter=\"destination\",connection_security_policy=\"mutual_tls\"")?;
    Ok(vec![
        Claim::new(
            "fortio visits the shop 25 times a second, within 1, as its sidecar counts",
            (rate - RATE).abs() <= TOLERANCE,
            format!("{rate:.1} a second over half a minute"),
        ),
        Claim::new(
            "and no visit fails",
            rate > 0.0 && failures <= 0.0,
            format!("{failures:.2} failures a second over the same time"),
        ),
        Claim::new(
            "they are mutual TLS, as web's sidecar counts",
            (encrypted - RATE).abs() <= TOLERANCE,
            format!("{encrypted:.1} a second over the same time"),
        ),
        page,
        analysis,
    ])
}

/// How many visits a second fortio made in the last half minute, by counters that no other visitor
/// touches; `labels` say which.
fn visits(labels: &str) -> anyhow::Result<f64> {
    let counter = format!(
        "istio_requests_total{{source_app=\"fortio\",destination_service_name=\"widgetario-web\",{labels}}}"
    );
    let series = query(&format!("sum(rate({counter}[30s]))"))?;
    Ok(series.first().map_or(0.0, |(_, value)| *value))
}

/// fortio's own page, asked from inside its pod, where a port-forward ends, too.
fn page() -> anyhow::Result<Claim> {
    let exec = [
        "exec",
        "-n",
        SHOP,
        "deployment/fortio",
        "-c",
        "fortio",
        "--",
    ];
    let curl = [
        "/usr/bin/fortio",
        "curl",
        "-quiet",
        "http://localhost:8080/fortio/",
    ];
    let page = kubectl(&[&exec[..], &curl].concat())?;
    let title = page.split("<title>").nth(1);
    let title = title.and_then(|rest| rest.split("</title>").next());
    let has_form = page.contains("<form");
    Ok(Claim::new(
        "fortio has a page of its own, which can begin other loads",
        has_form,
        title.unwrap_or_default(),
    ))
}
