//! The shop's pods that run another image than a new pod would.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names::canonical;
use super::state::Inventory;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{elements, get, items};
use crate::cluster::sidecars::workload;

/// What kubelet says of a container whose image it could not get. It asks again after a pause, which
/// grows to five minutes.
const NOT_PULLED: [&str; 3] = ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"];

/// A line for each of the shop's workloads whose pods do not run the images that are there now.
///
/// # Errors
/// When the cluster cannot be asked.
pub(super) fn to_restart(inventory: &Inventory) -> anyhow::Result<BTreeSet<String>> {
    let pods = get(&["pods", "-n", SHOP, "--ignore-not-found"])?;
    Ok(items(&pods)
        .filter_map(|pod| line(pod, inventory))
        .collect())
}

fn line(pod: &Value, inventory: &Inventory) -> Option<String> {
    let workload = workload(pod)?;
    let needed = inventory.needed.iter();
    let reason = needed
        .filter(|image| image.is_of_the_shop())
        .find_map(|image| {
            let ids = inventory.ids(&image.name);
            elements(&pod["status"]["containerStatuses"])
                .filter(|status| is_named(status, &image.name, pod))
                .find_map(|status| reason(status, &ids))
        })?;
    Some(format!(
        "{workload} {reason}: `kubectl rollout restart {workload} -n {SHOP}`"
    ))
}

/// Whether `status` is that of a container whose image the pod calls `name`.
fn is_named(status: &Value, name: &str, pod: &Value) -> bool {
    let containers = elements(&pod["spec"]["containers"]);
    let mut same = containers.filter(|container| container["name"] == status["name"]);
    same.any(|container| container["image"].as_str().map(canonical) == Some(canonical(name)))
}

/// Why a container should start anew, now that its image has one of `ids`.
fn reason(status: &Value, ids: &[&str]) -> Option<&'static str> {
    let waits = status
        .pointer("/state/waiting/reason")
        .and_then(Value::as_str);
    if waits.is_some_and(|reason| NOT_PULLED.contains(&reason)) {
        return Some("waits for its image, and would look again within five minutes");
    }
    // Such as `docker.io/x@sha256:…` or `docker-pullable://x@sha256:…`.
    let runs = status["imageID"].as_str()?;
    let (_, digest) = runs.rsplit_once("sha256:")?;
    let is_one = |id: &str| id.strip_prefix("sha256:") == Some(digest);
    (!ids.is_empty() && !ids.iter().any(|id| is_one(id)))
        .then_some("runs another image than a new pod would")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pod_of_another_image_or_of_none_should_start_anew() {
        let status = |id: &str| json!({"imageID": id, "state": {"running": {}}});
        let ids = ["sha256:aa", "sha256:bb"];
        for fresh in ["sha256:aa", "docker://sha256:bb", "x.invalid/web@sha256:bb"] {
            assert_eq!(reason(&status(fresh), &ids), None, "{fresh}");
        }
        assert_eq!(
            reason(&status("sha256:cc"), &ids),
            Some("runs another image than a new pod would")
        );
        assert_eq!(reason(&status("sha256:cc"), &[]), None);
        let waits = json!({"imageID": "", "state": {"waiting": {"reason": "ErrImagePull"}}});
        assert!(reason(&waits, &ids).is_some_and(|reason| reason.starts_with("waits")));
    }
}
