//! Two pods that only a measurement needs: one in the mesh without an account of its own, and one
//! outside of the mesh.

use anyhow::Context;
use serde_json::{Value, json};

use crate::cleanup::Cleanup;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{elements, get, kubectl, kubectl_with};

/// The label of the pods.
const LABEL: &str = "widgetario-verify";

/// The pods of [`Caller::Stranger`](super::callers::Caller::Stranger) and
/// [`Caller::Outsider`](super::callers::Caller::Outsider); they are deleted when this is dropped.
pub(crate) struct ProbePods {
    _cleanup: Cleanup,
}

impl ProbePods {
    /// Starts the pods with the image of web, whose `probe` they run, and waits until they are ready.
    ///
    /// # Errors
    /// When the cluster refuses them, or they are not ready within 90 s.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let image = web_image()?;
        let pods = json!({
            "apiVersion": "v1",
            "kind": "List",
            "items": [pod("stranger", "true", &image), pod("outsider", "false", &image)],
        });
        // An interrupted measurement may have left its pods.
        kubectl(&["delete", "pods", "-n", "default", "-l", LABEL, "--wait"])?;
        let started = pods.clone();
        let cleanup = Cleanup::new(move || {
            let arguments = ["delete", "--ignore-not-found", "--wait=false", "-f", "-"];
            let _ = kubectl_with(&started, &arguments);
        });
        kubectl_with(&pods, &["apply", "-f", "-"])?;
        kubectl(&[
            "wait",
            "--for=condition=Ready",
            "pods",
            "-n",
            "default",
            "-l",
            LABEL,
            "--timeout=90s",
        ])?;
        Ok(Self { _cleanup: cleanup })
    }
}

fn web_image() -> anyhow::Result<String> {
    let web = get(&["deployment", "web", "-n", SHOP])?;
    let image = elements(&web["spec"]["template"]["spec"]["containers"])
        .find(|container| container["name"] == "web")
        .and_then(|container| container["image"].as_str());
    image
        .map(str::to_owned)
        .context("the Deployment web has no container web")
}

/// A pod that gets a sidecar from Istio when `inject` is "true".
fn pod(name: &str, inject: &str, image: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "labels": { "app": name, "sidecar.istio.io/inject": inject, LABEL: "verify" },
        },
        "spec": {
            "automountServiceAccountToken": false,
            "terminationGracePeriodSeconds": 1,
            "activeDeadlineSeconds": 600, // for the case that nobody deletes it
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": 65532,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "containers": [{
                "name": "web",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": { "drop": ["ALL"] },
                },
            }],
        },
    })
}
