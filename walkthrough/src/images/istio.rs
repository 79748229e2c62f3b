//! Istio's own images: those of the installed mesh, or those that the user's `istioctl` would install.

use std::collections::BTreeSet;

use anyhow::Context;
use serde_json::Value;

use crate::cluster::MESH;
use crate::cluster::kubectl::{elements, get, items, output};

/// The control plane, and the proxy of sidecars and gateways.
const PARTS: [&str; 2] = ["pilot", "proxyv2"];

/// The names of Istio's images.
///
/// # Errors
/// When there is no mesh, and `istioctl` cannot be asked either.
pub(super) fn images() -> anyhow::Result<BTreeSet<String>> {
    // A cluster that does not answer has no mesh; whoever needs the cluster reports that.
    let installed = get(&["pods", "-n", MESH]).map(|pods| of_pods(&pods));
    match installed {
        Ok(images) if !images.is_empty() => Ok(images),
        _ => {
            let arguments = ["manifest", "generate", "--set", "profile=demo"];
            let manifest = output("istioctl", &arguments)
                .context("which images Istio needs is asked of istioctl 1.31")?;
            Ok(of_manifest(&manifest))
        }
    }
}

/// The images of Istio that `pods`, a list, run.
fn of_pods(pods: &Value) -> BTreeSet<String> {
    let containers = items(pods).flat_map(|pod| elements(&pod["spec"]["containers"]));
    let images = containers.filter_map(|container| container["image"].as_str());
    images
        .filter(|name| is_part(name))
        .map(str::to_owned)
        .collect()
}

/// The images that a manifest of `istioctl` installs. The one of the proxies is in no Deployment of
/// it: the injector makes its name of the same registry and tag.
fn of_manifest(manifest: &str) -> BTreeSet<String> {
    let images = manifest.lines().filter_map(|line| {
        let name = line
            .trim()
            .trim_start_matches("- ")
            .strip_prefix("image:")?;
        Some(name.trim().trim_matches(['"', '\'']))
    });
    let found = images.filter(|name| is_part(name)).map(str::to_owned);
    let mut found: BTreeSet<String> = found.collect();
    let proxies = found
        .iter()
        .map(|name| name.replace("/pilot:", "/proxyv2:"));
    found.append(&mut proxies.collect());
    found
}

fn is_part(name: &str) -> bool {
    let (_, last) = name.rsplit_once('/').unwrap_or(("", name));
    let part = last.split(':').next().unwrap_or_default();
    PARTS.contains(&part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BOTH: [&str; 2] = [
        "registry.istio.io/release/pilot:1.31.0",
        "registry.istio.io/release/proxyv2:1.31.0",
    ];

    #[test]
    fn installed_mesh_tells_its_images() {
        let pod = |image: &str| json!({"spec": {"containers": [{"image": image}]}});
        let pods = json!({"items": [pod(BOTH[0]), pod(BOTH[1]), pod(BOTH[1]), pod("kiali:v2")]});
        assert_eq!(of_pods(&pods), BOTH.map(str::to_owned).into());
    }

    #[test]
    fn manifest_of_istioctl_tells_the_control_planes_image_and_the_proxies() {
        let manifest = format!(
            "      - name: discovery\n        image: \"{}\"\n        image: auto\n",
            BOTH[0]
        );
        assert_eq!(of_manifest(&manifest), BOTH.map(str::to_owned).into());
    }
}
