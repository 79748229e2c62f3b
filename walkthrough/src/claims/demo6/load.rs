//! Visitors from inside the cluster.

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::cluster::SHOP;
use crate::cluster::kubectl::kubectl;
use crate::observe::prometheus::query;
use crate::observe::wait::eventually;

/// Visits a second: the same number as in the demo's file.
const RATE: f64 = 25.0;
/// By how much the measured rate may differ. Prometheus reads the counters every 5 s, and so knows the
/// beginning and the end of half a minute by some tenths of a second.
const TOLERANCE: f64 = 1.0;
/// Half a minute, in which the visits are counted.
const SECONDS: f64 = 30.0;

pub(in crate::claims) fn load() -> anyhow::Result<Vec<Claim>> {
    let (mut all, mut failed, mut encrypted) = (0.0, 0.0, 0.0);
    // A load that has just begun has not lasted for half a minute.
    eventually(|| {
        all = visits("reporter=\"source\"")?;
        failed = visits("reporter=\"source\",response_code!=\"200\"")?;
        encrypted = visits("reporter=\"destination\",connection_security_policy=\"mutual_tls\"")?;
        Ok((is_the_rate(all) && is_the_rate(encrypted)).then_some(()))
    })?;
    Ok(vec![
        Claim::new(
            "fortio visits the shop 25 times a second, within 1, as its sidecar counts",
            is_the_rate(all),
            format!("{all:.0} in half a minute"),
        ),
        Claim::new(
            "and no visit fails",
            all > 0.0 && failed <= 0.0,
            format!("{failed:.0} failed in the same time"),
        ),
        Claim::new(
            "they are mutual TLS, as web's sidecar counts",
            is_the_rate(encrypted),
            format!("{encrypted:.0} in half a minute"),
        ),
        page()?,
        analysis::of_cluster()?,
    ])
}

fn is_the_rate(visits: f64) -> bool {
    (visits / SECONDS - RATE).abs() <= TOLERANCE
}

/// How many visits fortio made in the last half minute, by counters that no other visitor touches; `labels`
/// say which. `PromQL`'s `increase` would miss the first failure, with which its counter begins.
fn visits(labels: &str) -> anyhow::Result<f64> {
    let counter = format!(
        "istio_requests_total{{source_app=\"fortio\",destination_service_name=\"widgetario-web\",{labels}}}"
    );
    let series = query(&format!(
        "sum({counter} - ({counter} offset {SECONDS:.0}s or 0 * {counter}))"
    ))?;
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
