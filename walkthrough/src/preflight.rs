//! `widgetario preflight`: whether this laptop can show the walkthrough, and how to correct what is
//! not as it should be.

use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use chassis::say;
use serde_json::Value;

use crate::cluster::kubectl::{attempt, get, items, kubectl, output};
use crate::cluster::{MESH, SHOP};
use crate::images;

/// The size of the cluster on which the walkthrough was measured.
const CPUS: f64 = 4.0;
const MEMORY_GIB: f64 = 7.5;

type Check = (&'static str, fn() -> anyhow::Result<String>);

const CHECKS: [Check; 6] = [
    ("kubectl reaches a cluster", cluster),
    ("the node is large enough", size),
    ("istioctl fits the cluster", istioctl),
    ("the shop's images are there", shop_images),
    ("port 8010 is the shop's", port),
    ("no other mesh is in the way", mesh),
];

/// Makes all checks; the status tells whether this machine can show the walkthrough.
///
/// # Errors
/// When nobody reads the results.
pub fn run() -> anyhow::Result<ExitCode> {
    let mut is_fit = true;
    for (name, check) in CHECKS {
        match check() {
            Ok(found) => say!("  ok     {name}: {found}")?,
            Err(error) => {
                is_fit = false;
                say!("  MEND   {name}: {error:#}")?;
            }
        }
    }
    Ok(if is_fit {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn cluster() -> anyhow::Result<String> {
    let context = kubectl(&["config", "current-context"])
        .context("choose one: `kubectl config use-context docker-desktop`")?;
    let nodes = get(&["nodes"])
        .context("start Kubernetes: in Docker Desktop, Settings, Kubernetes, Enable Kubernetes")?;
    let versions = items(&nodes).map(|node| node["status"]["nodeInfo"]["kubeletVersion"].as_str());
    let versions: Vec<&str> = versions.flatten().collect();
    Ok(format!("{}, {}", context.trim(), versions.join(", ")))
}

fn size() -> anyhow::Result<String> {
    let nodes = get(&["nodes"])?;
    let (mut cpus, mut gib) = (0.0, 0.0);
    for node in items(&nodes) {
        let capacity = &node["status"]["capacity"];
        cpus += quantity(&capacity["cpu"]);
        gib += quantity(&capacity["memory"]) / (1024.0 * 1024.0 * 1024.0);
    }
    let found = format!("{cpus:.0} CPUs, {gib:.1} GiB");
    ensure!(
        cpus >= CPUS && gib >= MEMORY_GIB,
        "{found}; give it {CPUS:.0} CPUs and 8 GB: in Docker Desktop, Settings, Resources"
    );
    Ok(found)
}

/// A Kubernetes quantity, in its base unit
/// (<https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>).
fn quantity(value: &Value) -> f64 {
    let text = value.as_str().unwrap_or_default();
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "m" => 0.001,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        _ => 1.0,
    };
    digits.parse::<f64>().unwrap_or_default() * factor
}

fn istioctl() -> anyhow::Result<String> {
    let versions = output(
        "istioctl",
        &["version", "--remote=false", "--output", "json"],
    )
    .context("install Istio 1.31: https://istio.io/latest/docs/setup/getting-started")?;
    let versions: Value = serde_json::from_str(&versions)?;
    let version = versions["clientVersion"]["version"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let checked = attempt("istioctl", &["x", "precheck"], None)?;
    let report = String::from_utf8_lossy(&checked.stdout);
    ensure!(checked.status.success(), "{version}: {}", report.trim());
    Ok(version)
}

fn shop_images() -> anyhow::Result<String> {
    let found = images::of_the_shop(&get(&["nodes"])?)?;
    match found.remedy() {
        Some(remedy) => bail!(remedy),
        None => Ok(found.summary()),
    }
}

fn port() -> anyhow::Result<String> {
    let service = get(&["service", "widgetario-web", "-n", SHOP]);
    if service.is_ok() {
        return Ok("the Service widgetario-web has it".into());
    }
    match std::net::TcpListener::bind(("127.0.0.1", 8010)) {
        Ok(_) => Ok("free".into()),
        Err(error) => bail!("{error}: stop what uses it (`docker compose down`, `cargo run`)"),
    }
}

fn mesh() -> anyhow::Result<String> {
    let meshes = get(&[
        "deployments",
        "-A",
        "-l",
        "app in (istiod, linkerd-destination)",
    ])?;
    let namespaces = items(&meshes).filter_map(|mesh| mesh["metadata"]["namespace"].as_str());
    let namespaces: Vec<&str> = namespaces.collect();
    match namespaces.as_slice() {
        [] => Ok("none yet".into()),
        [MESH] => Ok("Istio, where demo 1 installs it".into()),
        others => bail!(
            "there is one in {}: take another cluster",
            others.join(", ")
        ),
    }
}
