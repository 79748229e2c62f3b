//! Istio's own images: those of the installed mesh, and those that the `istioctl install` commands of the
//! documents would install.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::cluster::MESH;
use crate::cluster::kubectl::{elements, get, items, output};
use crate::documents::{Documents, Stage};

/// The control plane, the proxy of sidecars, gateways and waypoints, and the two agents of each node of an
/// ambient mesh.
const PARTS: [&str; 4] = ["pilot", "proxyv2", "install-cni", "ztunnel"];

/// The names of Istio's images. A part of the mesh that is installed already has the image that it runs.
///
/// # Errors
/// When there is no mesh, and `istioctl` cannot be asked either.
pub(super) fn images() -> anyhow::Result<BTreeSet<String>> {
    // A cluster that does not answer has no mesh; whoever needs the cluster reports that.
    let installed = get(&["pods", "-n", MESH]).map(|pods| of_pods(&pods));
    let installed = installed.unwrap_or_default();
    match of_documents() {
        Ok(documented) => Ok(completed(installed, documented)),
        Err(error) if installed.is_empty() => Err(error),
        Err(_) => Ok(installed),
    }
}

/// The `installed` images, and the `documented` ones of parts that are not installed.
fn completed(mut installed: BTreeSet<String>, documented: BTreeSet<String>) -> BTreeSet<String> {
    let known: BTreeSet<String> = installed.iter().map(|name| part(name).to_owned()).collect();
    let others = documented.into_iter();
    installed.extend(others.filter(|name| !known.contains(part(name))));
    installed
}

/// The images that the documents' commands would install, by the user's `istioctl`.
fn of_documents() -> anyhow::Result<BTreeSet<String>> {
    let documents = Documents::open()?;
    let mut images = BTreeSet::new();
    for line in documents.stages.iter().flat_map(Stage::lines) {
        if let Some(arguments) = manifest_of(&documents.root, line) {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let manifest = output("istioctl", &arguments)
                .context("which images Istio needs is asked of istioctl 1.31")?;
            images.extend(of_manifest(&manifest));
        }
    }
    Ok(images)
}

/// How `istioctl` writes the manifest of what a command of the documents, whose paths begin at `root`,
/// installs; `None` when it installs nothing.
fn manifest_of(root: &Path, line: &[String]) -> Option<Vec<String>> {
    let [program, command, rest @ ..] = line else {
        return None;
    };
    if program != "istioctl" || command != "install" {
        return None;
    }
    let mut arguments: Vec<String> = ["manifest", "generate"].map(str::to_owned).into();
    let mut is_path = false;
    for word in rest.iter().filter(|word| *word != "-y") {
        arguments.push(if is_path {
            root.join(word).to_string_lossy().into_owned()
        } else {
            word.clone()
        });
        is_path = word == "-f";
    }
    Some(arguments)
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
        .filter(|name| part(name) == "pilot")
        .map(|name| name.replace("/pilot:", "/proxyv2:"));
    found.append(&mut proxies.collect());
    found
}

fn is_part(name: &str) -> bool {
    PARTS.contains(&part(name))
}

/// The last part of an image's name, without its tag.
fn part(name: &str) -> &str {
    let (_, last) = name.rsplit_once('/').unwrap_or(("", name));
    last.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BOTH: [&str; 2] = [
        "registry.istio.io/release/pilot:1.31.0",
        "registry.istio.io/release/proxyv2:1.31.0",
    ];
    const ZTUNNEL: &str = "registry.istio.io/release/ztunnel:1.31.0";

    fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.map(str::to_owned).into()
    }

    #[test]
    fn installed_mesh_tells_its_images() {
        let pod = |image: &str| json!({"spec": {"containers": [{"image": image}]}});
        let pods = json!({"items": [pod(BOTH[0]), pod(BOTH[1]), pod(BOTH[1]), pod("kiali:v2")]});
        assert_eq!(of_pods(&pods), names(BOTH));
    }

    #[test]
    fn manifest_of_istioctl_tells_the_control_planes_image_and_the_proxies() {
        let manifest = format!(
            "      - name: discovery\n        image: \"{}\"\n        image: auto\n        image: {ZTUNNEL}\n",
            BOTH[0]
        );
        assert_eq!(of_manifest(&manifest), names([BOTH[0], BOTH[1], ZTUNNEL]));
    }

    #[test]
    fn mesh_without_ztunnel_needs_the_one_that_the_documents_install() {
        let documented = names(["registry.istio.io/release/pilot:1.32.0", ZTUNNEL]);
        assert_eq!(
            completed(names(BOTH), documented),
            names([BOTH[0], BOTH[1], ZTUNNEL])
        );
    }

    #[test]
    fn manifest_is_asked_of_the_same_settings_that_a_command_installs() {
        let line = "istioctl install --set profile=demo -y -f istio/mesh.yaml";
        let line: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let asked = manifest_of(Path::new("root"), &line).expect("an install");
        let file = Path::new("root").join("istio/mesh.yaml");
        let expected = ["manifest", "generate", "--set", "profile=demo", "-f"];
        assert_eq!(asked[..5], expected);
        assert_eq!(asked[5], file.to_string_lossy());
        assert_eq!(manifest_of(Path::new("root"), &line[..1]), None);
    }
}
