//! Whether istioctl is there and new enough, and supports the cluster's Kubernetes.

use anyhow::Context;
use serde_json::Value;

use super::cluster::{Cluster, minor};
use super::istio_releases::{Fit, fit, oldest, row};
use super::{Finding, laptops};
use crate::cluster::kubectl::{attempt, output};

/// Where to get it.
const DOWNLOAD: &str =
    "https://istio.io/latest/docs/setup/additional-setup/download-istio-release/";

/// istioctl is on PATH, in a version of the walkthrough.
pub(super) fn installed() -> anyhow::Result<Finding> {
    let version = version()?;
    let is_new = minor(&version).is_some_and(|minor| minor >= oldest());
    Ok(if is_new {
        Finding::Fine(version)
    } else {
        let oldest = oldest();
        Finding::Mend(format!("{version} is older than 1.{oldest}: {DOWNLOAD}"))
    })
}

/// Its Istio supports the cluster, by Istio's own table and by istioctl's own check.
pub(super) fn fits(cluster: &Cluster) -> anyhow::Result<Finding> {
    let version = version()?;
    let istio = minor(&version).unwrap_or_default();
    let kubernetes = cluster.minor().unwrap_or_default();
    let (known, range) = row(istio);
    let range = format!("1.{} to 1.{}", range.start(), range.end());
    if fit(istio, kubernetes) == Fit::TooOld {
        let how = laptops::how_to_upgrade(cluster.distribution);
        return Ok(Finding::Mend(format!(
            "Istio {version} supports Kubernetes {range}, and this is 1.{kubernetes}: {how}"
        )));
    }
    let checked = attempt("istioctl", &["x", "precheck"], None)?;
    if !checked.status.success() {
        let report = [checked.stdout, checked.stderr].concat();
        let report = String::from_utf8_lossy(&report);
        let report = report
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        let report = report.collect::<Vec<_>>().join(" ");
        return Ok(Finding::Mend(format!(
            "`istioctl x precheck` says: {report}"
        )));
    }
    Ok(Finding::Fine(if fit(istio, kubernetes) == Fit::Newer {
        format!(
            "Istio 1.{known} was tested on Kubernetes {range}; yours is newer (Istio {version}, Kubernetes \
             1.{kubernetes}), which in general works"
        )
    } else {
        format!("Istio {version} supports Kubernetes {range}, and this is 1.{kubernetes}")
    }))
}

fn version() -> anyhow::Result<String> {
    let arguments = ["version", "--remote=false", "--output", "json"];
    let versions =
        output("istioctl", &arguments).with_context(|| format!("install it: {DOWNLOAD}"))?;
    let versions: Value = serde_json::from_str(&versions).context("istioctl wrote no JSON")?;
    let version = versions["clientVersion"]["version"].as_str();
    version
        .map(str::to_owned)
        .context("istioctl does not tell its version")
}
