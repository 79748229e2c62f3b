//! Installing Istio, and the add-ons that look at it.

use anyhow::Context;
use serde_json::Value;

use super::{Bench, Claim, eventually};
use crate::cluster::{MESH, ask, get, items, output};

pub(super) fn install() -> anyhow::Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for name in ["istiod", "istio-ingressgateway", "istio-egressgateway"] {
        claims.push(ready(name)?);
    }
    let versions = output("istioctl", &["version", "--output", "json"])?;
    let versions: Value = serde_json::from_str(&versions).context("istioctl wrote no JSON")?;
    let client = versions["clientVersion"]["version"]
        .as_str()
        .unwrap_or_default();
    let mesh = versions["meshVersion"][0]["Info"]["version"]
        .as_str()
        .unwrap_or_default();
    let minor = |version: &str| version.split(['.', '-']).nth(1)?.parse::<i32>().ok();
    let skew = minor(client)
        .zip(minor(mesh))
        .map(|(client, mesh)| (client - mesh).abs());
    claims.push(Claim::new(
        "istioctl and istiod are at most one minor version apart",
        skew.is_some_and(|skew| skew <= 1),
        format!("{client} and {mesh}"),
    ));
    Ok(claims)
}

pub(super) fn addons(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let mut claims = Vec::new();
    // The labels by which `istioctl dashboard` finds each.
    for (name, label) in [
        ("jaeger", "app=jaeger"),
        ("prometheus", "app.kubernetes.io/name=prometheus"),
        ("kiali", "app=kiali"),
        ("grafana", "app.kubernetes.io/name=grafana"),
    ] {
        let text = format!("istioctl dashboard {name} finds a running pod");
        if bench.without.iter().any(|without| without == name) {
            claims.push(Claim::not_proven(text, "this cluster cannot run it"));
            continue;
        }
        let pods = get(&["pods", "-n", MESH, "-l", label])?;
        let is_running = |pod: &&Value| pod["status"]["phase"] == "Running";
        let running = items(&pods).filter(is_running).count();
        claims.push(Claim::new(
            text,
            running > 0,
            format!("{running} with {label}"),
        ));
        claims.push(ready(name)?);
    }
    let (mut total, mut down) = (0, Vec::new());
    // A target is unknown before its first scrape, and down while its pod ends.
    eventually(|| {
        let targets = ask("prometheus", 9090, "api/v1/targets?state=active")?;
        let targets = targets["data"]["activeTargets"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        total = targets.len();
        down = targets
            .iter()
            .filter(|target| target["health"] != "up")
            .cloned()
            .collect();
        Ok((total > 0 && down.is_empty()).then_some(()))
    })?;
    let down: Vec<String> = down
        .iter()
        .map(|target| target["scrapeUrl"].to_string())
        .collect();
    claims.push(Claim::new(
        "Prometheus reaches all of its targets",
        total > 0 && down.is_empty(),
        format!("{total} targets, down: {}", down.join(", ")),
    ));
    Ok(claims)
}

fn ready(name: &str) -> anyhow::Result<Claim> {
    let (mut ready, mut wanted) = (0, 0);
    // Its image may be on its way still.
    eventually(|| {
        let deployment = get(&["deployment", name, "-n", MESH])?;
        let count = |field: &str| deployment["status"][field].as_u64().unwrap_or_default();
        (ready, wanted) = (count("readyReplicas"), count("replicas"));
        Ok((ready > 0 && ready == wanted).then_some(()))
    })?;
    Ok(Claim::new(
        format!("{name} is ready"),
        ready > 0 && ready == wanted,
        format!("{ready} of {wanted}"),
    ))
}
