//! Pods that only a measurement needs: programs that ask, or are asked, beside the shop.

use anyhow::Context;
use serde_json::{Value, json};

use crate::cleanup::Cleanup;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{elements, get, kubectl, kubectl_with};

/// The label of the pods; its value names the measurement.
const LABEL: &str = "widgetario-verify";

/// The namespace of the pods.
pub(super) const NAMESPACE: &str = "default";

/// The pods of a measurement; they are deleted when this is dropped.
pub(crate) struct ProbePods {
    _cleanup: Cleanup,
}

impl ProbePods {
    /// Starts the pods of [`Caller::Stranger`](super::callers::Caller::Stranger), in the mesh without
    /// an account of its own, and of [`Caller::Outsider`](super::callers::Caller::Outsider), outside
    /// of the mesh; where the mesh `has_ztunnel`, also of
    /// [`Caller::AmbientStranger`](super::callers::Caller::AmbientStranger).
    ///
    /// # Errors
    /// When the cluster holds no shop; see [`ProbePods::of`].
    pub(crate) fn start(has_ztunnel: bool) -> anyhow::Result<Self> {
        let image = web_image()?;
        let pods = [("stranger", "true"), ("outsider", "false")];
        let mut pods = pods
            .map(|(name, inject)| pod(name, inject, &image))
            .to_vec();
        if has_ztunnel {
            let mut ambient = pod("ambient-stranger", "false", &image);
            ambient["metadata"]["labels"]["istio.io/dataplane-mode"] = "ambient".into();
            pods.push(ambient);
        }
        Self::of("access", pods)
    }

    /// Makes the `objects` of a `measurement`, and waits until the pods among them, made by [`pod`],
    /// are ready.
    ///
    /// # Errors
    /// When the cluster refuses them, or the pods are not ready within 90 s.
    pub(super) fn of(measurement: &str, mut objects: Vec<Value>) -> anyhow::Result<Self> {
        for object in &mut objects {
            object["metadata"]["labels"][LABEL] = measurement.into();
        }
        let objects = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
        let label = format!("{LABEL}={measurement}");
        let pods = ["pods", "-n", NAMESPACE, "-l", &label];
        // An interrupted measurement may have left its objects.
        let left = [
            "delete",
            "--wait",
            "pods,networkpolicies",
            "-n",
            NAMESPACE,
            "-l",
            &label,
        ];
        kubectl(&left)?;
        let made = objects.clone();
        let cleanup = Cleanup::new(move || {
            let arguments = ["delete", "--ignore-not-found", "--wait=false", "-f", "-"];
            let _ = kubectl_with(&made, &arguments);
        });
        kubectl_with(&objects, &["apply", "-f", "-"])?;
        let ready = ["wait", "--for=condition=Ready", "--timeout=90s"];
        kubectl(&[&ready, &pods[..]].concat()).with_context(|| {
            format!(
                "the pods of this measurement do not start: `kubectl describe pods -n {NAMESPACE} \
                 -l {label}` says why"
            )
        })?;
        Ok(Self { _cleanup: cleanup })
    }
}

/// The image of web, whose `probe` the pods run, as the cluster has it.
///
/// # Errors
/// When the cluster holds no shop.
pub(crate) fn web_image() -> anyhow::Result<String> {
    let web = get(&["deployment", "web", "-n", SHOP])?;
    let image = elements(&web["spec"]["template"]["spec"]["containers"])
        .find(|container| container["name"] == "web")
        .and_then(|container| container["image"].as_str());
    image
        .map(str::to_owned)
        .context("the Deployment web has no container web")
}

/// A pod that gets a sidecar from Istio when `inject` is "true".
pub(super) fn pod(name: &str, inject: &str, image: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": { "app": name, "sidecar.istio.io/inject": inject },
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
