//! A pod that passes connections on to a Service, so that a port-forward enters the cluster where a
//! visitor does.
//!
//! `kubectl port-forward service/widgetario-web` would end inside of web's pod, behind its sidecar: the
//! page would answer where policies refuse it, a trace would lack its first span, and each restart
//! of web would end it. The relay has no sidecar, so for the mesh it is a visitor like any browser,
//! and the Service chooses a pod of web for each connection.

use anyhow::Context;
use serde_json::{Value, json};

use crate::cluster::kubectl::{get, kubectl, kubectl_with};

/// The namespace of the relay: outside of the shop's, which holds what the documents applied.
pub(super) const NAMESPACE: &str = "default";
/// Where the relay listens, within its pod alone.
pub(super) const PORT: u16 = 8010;
/// For the case that nobody deletes the relay.
const LIFETIME_SECONDS: u32 = 3600;
const LABEL: &str = "widgetario-relay";

/// A relay: its pod, and what it runs.
pub(super) struct Relay {
    /// Of the pod.
    pub(super) name: String,
    /// An image with Envoy: that of the mesh's sidecars, which every node has.
    pub(super) image: String,
    /// The Service, such as `widgetario-web.widgetario:8010`.
    pub(super) to: String,
}

impl Relay {
    /// Makes the pod, in the place of one that has ended.
    ///
    /// # Errors
    /// When the cluster refuses it.
    pub(super) fn make(&self) -> anyhow::Result<()> {
        self.delete(true)?;
        kubectl_with(&self.pod()?, &["apply", "-f", "-"])?;
        Ok(())
    }

    /// Waits until the pod is ready.
    ///
    /// # Errors
    /// When it is not ready within 90 s.
    pub(super) fn ready(&self) -> anyhow::Result<()> {
        let pod = format!("pod/{}", self.name);
        let wait = ["wait", "--for=condition=Ready", &pod, "-n", NAMESPACE];
        kubectl(&[&wait[..], &["--timeout=90s"]].concat()).with_context(|| {
            format!("the relay does not start; `kubectl describe {pod} -n {NAMESPACE}` says why")
        })?;
        Ok(())
    }

    /// Deletes the pod, and those of earlier relays that have ended.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(super) fn delete(&self, waits: bool) -> anyhow::Result<()> {
        let wait = format!("--wait={waits}");
        let delete = ["delete", "pod", "-n", NAMESPACE, &wait];
        kubectl(&[&delete[..], &["--ignore-not-found", &self.name]].concat())?;
        let ended = "--field-selector=status.phase!=Running,status.phase!=Pending";
        kubectl(&[&delete[..], &["-l", LABEL, ended]].concat())?;
        Ok(())
    }

    /// Whether the pod runs.
    pub(super) fn is_running(&self) -> bool {
        let pod = get(&["pod", &self.name, "-n", NAMESPACE]);
        pod.is_ok_and(|pod| {
            pod["status"]["phase"] == "Running" && pod["metadata"]["deletionTimestamp"].is_null()
        })
    }

    fn pod(&self) -> anyhow::Result<Value> {
        Ok(json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": self.name,
                "namespace": NAMESPACE,
                "labels": { "sidecar.istio.io/inject": "false", LABEL: "relay" },
            },
            "spec": {
                "automountServiceAccountToken": false,
                "terminationGracePeriodSeconds": 1,
                "activeDeadlineSeconds": LIFETIME_SECONDS,
                "securityContext": {
                    "runAsNonRoot": true,
                    "runAsUser": 65532,
                    "seccompProfile": { "type": "RuntimeDefault" },
                },
                "containers": [{
                    "name": "relay",
                    "image": self.image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["envoy", "--config-yaml", self.envoy()?.to_string()],
                    "args": ["--log-level", "warning", "--concurrency", "1"],
                    "securityContext": {
                        "allowPrivilegeEscalation": false,
                        "readOnlyRootFilesystem": true,
                        "capabilities": { "drop": ["ALL"] },
                    },
                }],
            },
        }))
    }

    /// Envoy's configuration: connections from within the pod go to the Service
    /// (<https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/tcp_proxy_filter>).
    fn envoy(&self) -> anyhow::Result<Value> {
        let (host, port) = self
            .to
            .rsplit_once(':')
            .context("a Service without a port")?;
        let port: u16 = port.parse()?;
        let tcp_proxy =
            "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
        let at = |address: &str, port: u16| json!({ "socket_address": { "address": address, "port_value": port } });
        Ok(json!({ "static_resources": {
            "listeners": [{
                "address": at("127.0.0.1", PORT),
                "filter_chains": [{ "filters": [{
                    "name": "envoy.filters.network.tcp_proxy",
                    "typed_config": { "@type": tcp_proxy, "stat_prefix": "relay", "cluster": "service" },
                }] }],
            }],
            "clusters": [{
                "name": "service",
                "type": "STRICT_DNS",
                "connect_timeout": "5s",
                "load_assignment": {
                    "cluster_name": "service",
                    "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": at(host, port) } }] }],
                },
            }],
        } }))
    }
}
