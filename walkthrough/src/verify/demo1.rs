//! Installing Istio, and the add-ons that look at it.

use anyhow::Context;
use serde_json::Value;

use super::{Addon, Bench, Claim, abridged, eventually};
use crate::cluster::{MESH, SHOP, ask, get, is_ready, items, output};

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
    let meshes = versions["meshVersion"].as_array().into_iter().flatten();
    let meshes: Vec<&str> = meshes
        .filter_map(|mesh| mesh["Info"]["version"].as_str())
        .collect();
    let is_near = |mesh: &&str| {
        let skew = minor(client).zip(minor(mesh));
        skew.is_some_and(|(client, mesh)| client.abs_diff(mesh) <= 1)
    };
    claims.push(Claim::new(
        "istioctl and each istiod are at most one minor version apart",
        !meshes.is_empty() && meshes.iter().all(is_near),
        format!("{client} and {}", meshes.join(", ")),
    ));
    Ok(claims)
}

/// The 31 of `1.31.0`.
fn minor(version: &str) -> Option<u32> {
    version.split(['.', '-']).nth(1)?.parse().ok()
}

pub(super) fn addons(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let mut claims = Vec::new();
    // The labels by which `istioctl dashboard` finds each.
    for (name, label, addon) in [
        ("jaeger", "app=jaeger", None),
        ("prometheus", "app.kubernetes.io/name=prometheus", None),
        ("kiali", "app=kiali", Some(Addon::Kiali)),
        (
            "grafana",
            "app.kubernetes.io/name=grafana",
            Some(Addon::Grafana),
        ),
    ] {
        let text = format!("istioctl dashboard {name} finds a pod that is ready");
        if let Some(addon) = addon.filter(|addon| bench.without.contains(addon)) {
            claims.push(Claim::not_proven(text, addon.left_out()));
            continue;
        }
        let (mut ready_pods, mut all) = (0, 0);
        eventually(|| {
            let pods = get(&["pods", "-n", MESH, "-l", label])?;
            (ready_pods, all) = (
                items(&pods).filter(|pod| is_ready(pod)).count(),
                items(&pods).count(),
            );
            Ok((ready_pods > 0 && ready_pods == all).then_some(()))
        })?;
        let holds = ready_pods > 0 && ready_pods == all;
        let mut evidence = format!("{ready_pods} of {all} with {label}");
        if let Some(addon) = addon.filter(|_| !holds) {
            evidence = format!("{evidence}; {}", addon.mended());
        }
        claims.push(Claim::new(text, holds, evidence));
        // It was waited for long enough.
        if holds {
            claims.push(ready(name)?);
        }
    }
    claims.push(targets()?);
    Ok(claims)
}

/// Prometheus scrapes each pod of the mesh and of the shop that asks for it, and whatever else it
/// knows.
fn targets() -> anyhow::Result<Claim> {
    let (mut total, mut down, mut missing) = (0, Vec::new(), Vec::new());
    // A target is unknown before its first scrape, and down while its pod ends.
    eventually(|| {
        let targets = ask("prometheus", 9090, "api/v1/targets?state=active")?;
        let targets = targets["data"]["activeTargets"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        total = targets.len();
        let is_down = |target: &&Value| target["health"] != "up";
        let url = |target: &Value| target["scrapeUrl"].to_string();
        down = targets.iter().filter(is_down).map(url).collect();
        missing = annotated()?;
        missing.retain(|pod| {
            !targets
                .iter()
                .any(|target| target["labels"]["pod"] == **pod)
        });
        Ok((total > 0 && down.is_empty() && missing.is_empty()).then_some(()))
    })?;
    Ok(Claim::new(
        "Prometheus reaches all of its targets, each pod that asks for it among them",
        total > 0 && down.is_empty() && missing.is_empty(),
        format!(
            "{total} targets, down: {}, missing: {}",
            abridged(&down),
            abridged(&missing)
        ),
    ))
}

/// The pods of the mesh and of the shop that ask to be scraped.
fn annotated() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for namespace in [MESH, SHOP] {
        let pods = get(&["pods", "-n", namespace])?;
        let asks = |pod: &&Value| {
            pod["metadata"]["annotations"]["prometheus.io/scrape"] == "true" && is_ready(pod)
        };
        let name = |pod: &Value| pod["metadata"]["name"].as_str().map(str::to_owned);
        names.extend(items(&pods).filter(asks).filter_map(name));
    }
    Ok(names)
}

fn ready(name: &str) -> anyhow::Result<Claim> {
    let (mut ready, mut wanted) = (0, 1);
    // Its image may be on its way still.
    eventually(|| {
        let deployment = get(&["deployment", name, "-n", MESH])?;
        let count = |field: &str| deployment["status"][field].as_u64().unwrap_or_default();
        ready = count("readyReplicas").min(count("updatedReplicas"));
        wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
        Ok((ready > 0 && ready == wanted).then_some(()))
    })?;
    Ok(Claim::new(
        format!("{name} is ready"),
        ready > 0 && ready == wanted,
        format!("{ready} of {wanted}"),
    ))
}
