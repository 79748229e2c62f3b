//! Demo 1: installing Istio, and the add-ons that look at it.

use serde_json::Value;

use super::addon::Addon;
use super::claim::{Claim, abridged};
use super::target::Target;
use crate::cluster::kubectl::{elements, get, istioctl_json, items};
use crate::cluster::pods::is_ready;
use crate::cluster::rollout::replicas;
use crate::cluster::{MESH, SHOP};
use crate::observe::prometheus::scrape_targets;
use crate::observe::wait::eventually;

pub(super) fn install() -> anyhow::Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for name in ["istiod", "istio-ingressgateway", "istio-egressgateway"] {
        claims.push(deployment(name)?);
    }
    let versions = istioctl_json(&["version", "--output", "json"])?;
    let client = versions["clientVersion"]["version"]
        .as_str()
        .unwrap_or_default();
    let meshes: Vec<&str> = elements(&versions["meshVersion"])
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

/// The add-ons: the name, the label by which `istioctl dashboard` finds the pods, and whether the
/// user can leave it out.
const ADDONS: [(&str, &str, Option<Addon>); 4] = [
    ("jaeger", "app=jaeger", None),
    ("prometheus", "app.kubernetes.io/name=prometheus", None),
    ("kiali", "app=kiali", Some(Addon::Kiali)),
    (
        "grafana",
        "app.kubernetes.io/name=grafana",
        Some(Addon::Grafana),
    ),
];

pub(super) fn addons(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for (name, label, addon) in ADDONS {
        let text = format!("istioctl dashboard {name} finds a pod that is ready");
        if let Some(addon) = addon.filter(|addon| target.without.contains(addon)) {
            claims.push(Claim::not_proven(text, addon.left_out()));
            continue;
        }
        let (ready, all) = ready_pods(label)?;
        let holds = ready > 0 && ready == all;
        let mut evidence = format!("{ready} of {all} with {label}");
        if let Some(addon) = addon.filter(|_| !holds) {
            evidence = format!("{evidence}; {}", addon.remedy());
        }
        claims.push(Claim::new(text, holds, evidence));
        // An add-on without a pod has had its time already.
        if holds {
            claims.push(deployment(name)?);
        }
    }
    claims.push(scraping()?);
    Ok(claims)
}

/// How many pods of the mesh with `label` are ready, and how many there are; waits until all are.
fn ready_pods(label: &str) -> anyhow::Result<(usize, usize)> {
    let (mut ready, mut all) = (0, 0);
    eventually(|| {
        let pods = get(&["pods", "-n", MESH, "-l", label])?;
        ready = items(&pods).filter(|pod| is_ready(pod)).count();
        all = items(&pods).count();
        Ok((ready > 0 && ready == all).then_some(()))
    })?;
    Ok((ready, all))
}

/// Prometheus reaches all of its targets, and each pod of the mesh and of the shop that asks to be
/// scraped is one of them.
pub(super) fn scraping() -> anyhow::Result<Claim> {
    let (mut total, mut down, mut missing) = (0, Vec::new(), Vec::new());
    // A target is unknown before its first scrape, and down while its pod ends.
    eventually(|| {
        let targets = scrape_targets()?;
        total = targets.len();
        let unreached = targets.iter().filter(|target| !target.is_up);
        down = unreached
            .map(|target| format!("{:?}", target.url))
            .collect();
        missing = annotated()?;
        missing.retain(|pod| {
            !targets
                .iter()
                .any(|target| target.pod.as_ref() == Some(pod))
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

/// A Deployment of the mesh has all of its pods.
fn deployment(name: &str) -> anyhow::Result<Claim> {
    let (mut ready, mut wanted) = (0, 1);
    // Its image may still be downloading.
    eventually(|| {
        (ready, wanted) = replicas(&get(&["deployment", name, "-n", MESH])?);
        Ok((ready > 0 && ready == wanted).then_some(()))
    })?;
    Ok(Claim::new(
        format!("{name} is ready"),
        ready > 0 && ready == wanted,
        format!("{ready} of {wanted}"),
    ))
}
