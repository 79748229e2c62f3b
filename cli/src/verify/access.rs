//! Who may do what: requests from inside the mesh, each with the identity of a pod.

use std::thread;

use anyhow::Context;
use serde_json::{Value, json};

use crate::cluster::{SHOP, attempt, get, kubectl, kubectl_with};

/// Whose identity a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Web,
    Products,
    Stock,
    /// A pod in the mesh with the default service account.
    Stranger,
    /// A pod without a sidecar, and so without an identity.
    Outsider,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The called service answered.
    Answered,
    /// A policy refused it: 403, or the connection closed by the database's sidecar.
    Refused,
    /// No answer: plain text where mutual TLS is demanded.
    Cut,
    /// Anything else, in its own words.
    Other(String),
}

/// What is asked: a method and a URL, as `probe` takes them.
pub(super) type Request = (&'static str, &'static str);

pub(super) const CALLERS: [Caller; 5] = [
    Caller::Web,
    Caller::Products,
    Caller::Stock,
    Caller::Stranger,
    Caller::Outsider,
];

/// The two pods that only a measurement needs; dropped, they are deleted.
pub(super) struct Strangers {
    pods: Value,
}

impl Strangers {
    /// Starts them, with web's own image, whose `probe` they run.
    pub(super) fn start() -> anyhow::Result<Self> {
        let web = get(&["deployment", "web", "-n", SHOP])?;
        let web = &web["spec"]["template"]["spec"];
        let image = web["containers"]
            .as_array()
            .and_then(|containers| containers.iter().find(|it| it["name"] == "web"))
            .and_then(|container| container["image"].as_str())
            .context("the Deployment web has no container web")?;
        let pod = |name: &str, namespace: &str, inject: &str| {
            json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "labels": { "app": name, "sidecar.istio.io/inject": inject },
                },
                "spec": {
                    "automountServiceAccountToken": false,
                    "terminationGracePeriodSeconds": 1,
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
        };
        let pods = json!({
            "apiVersion": "v1",
            "kind": "List",
            "items": [pod("stranger", SHOP, "true"), pod("outsider", "default", "false")],
        });
        let strangers = Self { pods };
        kubectl_with(&strangers.pods, &["apply", "-f", "-"])?;
        for (pod, namespace) in [("pod/stranger", SHOP), ("pod/outsider", "default")] {
            let ready = "--for=condition=Ready";
            kubectl(&["wait", ready, pod, "-n", namespace, "--timeout=60s"])?;
        }
        Ok(strangers)
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        let arguments = ["delete", "--ignore-not-found", "--wait=false", "-f", "-"];
        let _ = kubectl_with(&self.pods, &arguments);
    }
}

impl Caller {
    /// Asks from a pod of the caller, and returns what `probe` said.
    pub(super) fn says(self, (method, url): Request) -> String {
        let (namespace, pod, program) = match self {
            Self::Web => (SHOP, "deployment/web", "web"),
            Self::Products => (SHOP, "deployment/products-api-v1", "products-api"),
            Self::Stock => (SHOP, "deployment/stock-api", "stock-api"),
            Self::Stranger => (SHOP, "pod/stranger", "web"),
            Self::Outsider => ("default", "pod/outsider", "web"),
        };
        let path = format!("/{program}");
        let command = [
            "exec", "-n", namespace, pod, "-c", program, "--", &path, "probe", "--method", method,
            url,
        ];
        match attempt("kubectl", &command, None) {
            Ok(output) => {
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8_lossy(&said);
                said.lines().next().unwrap_or_default().to_owned()
            }
            Err(error) => format!("{error:#}"),
        }
    }

    /// Asks until the same outcome came three times in a row, because a policy reaches each
    /// sidecar at its own time, for `patience` attempts at most.
    pub(super) fn outcome(self, request: Request, expected: &Outcome) -> Outcome {
        const PATIENCE: usize = 20;
        let mut right = 0;
        let mut outcome = Outcome::Other(String::new());
        for _ in 0..PATIENCE {
            outcome = Outcome::of(&self.says(request), request.1);
            right = if outcome == *expected { right + 1 } else { 0 };
            if right == 2 {
                break;
            }
        }
        outcome
    }
}

impl Outcome {
    fn of(said: &str, url: &str) -> Self {
        let is_database = url.starts_with("postgres:");
        if said.contains("RBAC: access denied") || (is_database && said.contains("refused:")) {
            Self::Refused
        } else if said.starts_with("no answer:") {
            Self::Cut
        } else if said.starts_with(|first: char| first.is_ascii_digit())
            || said.starts_with("PostgreSQL answers")
        {
            Self::Answered
        } else {
            Self::Other(said.to_owned())
        }
    }
}

/// Compares a truth table with what pods meet. Returns the number of cells, and those that differ.
pub(super) fn differing(
    expected: impl Fn(Caller, Request) -> Outcome + Sync,
    callers: &[Caller],
    requests: &[Request],
) -> (usize, Vec<String>) {
    let mut cells = Vec::new();
    for caller in callers {
        cells.extend(requests.iter().map(|request| (*caller, *request)));
    }
    let differing = thread::scope(|scope| {
        let shares: Vec<_> = cells
            .chunks(cells.len().div_ceil(6).max(1))
            .map(|share| {
                let expected = &expected;
                scope.spawn(move || {
                    let mut differing = Vec::new();
                    for (caller, request) in share {
                        let wanted = expected(*caller, *request);
                        let met = caller.outcome(*request, &wanted);
                        if met != wanted {
                            let (method, url) = request;
                            differing.push(format!(
                                "{caller:?} {method} {url}: {met:?}, not {wanted:?}"
                            ));
                        }
                    }
                    differing
                })
            })
            .collect();
        let differing = shares.into_iter().map(thread::ScopedJoinHandle::join);
        differing
            .flat_map(|share| share.expect("nobody panics"))
            .collect()
    });
    (cells.len(), differing)
}
