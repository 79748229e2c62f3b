//! Who may do what: requests from inside the mesh, each with the identity of a pod.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

use super::eventually;
use crate::cleanup::Cleanup;
use crate::cluster::{SHOP, attempt, get, items, kubectl, kubectl_with};

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

/// The label of the pods that only a measurement needs.
const OURS: &str = "widgetario-verify";

/// The two pods that only a measurement needs; dropped, they are deleted.
pub(super) struct Strangers {
    _cleanup: Cleanup,
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
        let pod = |name: &str, inject: &str| {
            json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": "default",
                    "labels": { "app": name, "sidecar.istio.io/inject": inject, OURS: "verify" },
                },
                "spec": {
                    "automountServiceAccountToken": false,
                    "terminationGracePeriodSeconds": 1,
                    "activeDeadlineSeconds": 600, // should nobody delete it
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
            "items": [pod("stranger", "true"), pod("outsider", "false")],
        });
        // Those of a measurement that was broken off.
        kubectl(&["delete", "pods", "-n", "default", "-l", OURS, "--wait"])?;
        let ours = pods.clone();
        let cleanup = Cleanup::new(move || {
            let arguments = ["delete", "--ignore-not-found", "--wait=false", "-f", "-"];
            let _ = kubectl_with(&ours, &arguments);
        });
        kubectl_with(&pods, &["apply", "-f", "-"])?;
        let ready = "--for=condition=Ready";
        kubectl(&[
            "wait",
            ready,
            "pods",
            "-n",
            "default",
            "-l",
            OURS,
            "--timeout=90s",
        ])?;
        Ok(Self { _cleanup: cleanup })
    }
}

impl Caller {
    /// Asks from a pod of the caller, and returns what `probe` said.
    pub(super) fn says(self, (method, url): Request) -> String {
        let (namespace, pod, program) = match self {
            Self::Web => (SHOP, "deployment/web", "web"),
            Self::Products => (SHOP, "deployment/products-api-v1", "products-api"),
            Self::Stock => (SHOP, "deployment/stock-api", "stock-api"),
            Self::Stranger => ("default", "pod/stranger", "web"),
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

    /// Asks until the expected outcome came three times in a row; after the deadline any other counts.
    fn outcome(self, request: Request, expected: &Outcome, deadline: Instant) -> Outcome {
        let mut right = 0;
        loop {
            let outcome = Outcome::of(&self.says(request), request);
            right = if outcome == *expected { right + 1 } else { 0 };
            if right == 3 || (right == 0 && Instant::now() > deadline) {
                return outcome;
            }
        }
    }

    /// Whether the database's own sidecar tells that it refused the caller since `begin`. The end of a
    /// connection does not say whose it is: the caller's sidecar takes every connection, and ends it as
    /// well when no network leads on.
    pub(super) fn is_refused_by_database(self, begin: Instant) -> anyhow::Result<bool> {
        let app = match self {
            Self::Web => "app=web",
            Self::Products => "app=products-api",
            Self::Stock => "app=stock-api",
            Self::Stranger => "app=stranger",
            Self::Outsider => "app=outsider",
        };
        let pods = get(&["pods", "-A", "-l", app])?;
        let addresses = items(&pods).filter_map(|pod| pod["status"]["podIP"].as_str());
        let addresses: Vec<String> = addresses
            .map(|address| {
                if address.contains(':') {
                    format!(" [{address}]:")
                } else {
                    format!(" {address}:")
                }
            })
            .collect();
        let told = eventually(|| {
            let since = format!("--since={}s", begin.elapsed().as_secs() + 1);
            let sidecar = ["statefulset/products-db", "-c", "istio-proxy"];
            let log = kubectl(&[&["logs", "-n", SHOP, &since][..], &sidecar].concat())?;
            let mut refusals = log
                .lines()
                .filter(|line| line.contains("rbac_access_denied"));
            let is_told = refusals.any(|line| addresses.iter().any(|it| line.contains(it)));
            Ok(is_told.then_some(()))
        })?;
        Ok(told.is_some())
    }
}

/// A sidecar has a new policy within a second. But a connection that was open already stays under the
/// old one until it is drained, 45 s at most, and a shop under load leaves many of them.
const PATIENCE: Duration = Duration::from_secs(50);

impl Outcome {
    fn of(said: &str, (method, url): Request) -> Self {
        let is_database = url.starts_with("postgres:");
        let was_cut = ["reset by peer", "closed before", "closed connection"];
        let status = said
            .split(' ')
            .next()
            .and_then(|word| word.parse::<u16>().ok());
        // The answer to HEAD has no words. Nobody but a policy says 403.
        let is_refused = match method {
            "HEAD" => status == Some(403),
            _ => said.contains("RBAC: access denied"),
        };
        if is_refused || (is_database && said.contains("refused:")) {
            Self::Refused
        } else if was_cut.iter().any(|cut| said.contains(cut)) {
            Self::Cut
        } else if status.is_some_and(|status| is_of_the_called(method, status))
            || said.starts_with("PostgreSQL answers")
        {
            Self::Answered
        } else {
            Self::Other(said.to_owned())
        }
    }
}

/// Whether the service that was asked says this: it shows what there is, and takes a sale, though
/// not one without its content. Another service knows no such path.
fn is_of_the_called(method: &str, status: u16) -> bool {
    match method {
        "GET" | "HEAD" => status == 200,
        _ => status < 500 && !matches!(status, 403..=405),
    }
}

/// Compares a truth table with what pods meet. Returns the number of cells, and those that differ.
pub(super) fn differing(
    expected: impl Fn(Caller, Request) -> Outcome + Sync,
    callers: &[Caller],
    requests: &[Request],
) -> (usize, Vec<String>) {
    let deadline = Instant::now() + PATIENCE;
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
                        let met = caller.outcome(*request, &wanted, deadline);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_called_services_own_answer_is_one() {
        let page = ("GET", "http://widgetario-web.widgetario:8010/api/shop");
        let of = |said, request| Outcome::of(said, request);
        assert_eq!(of("200 OK {} in 1.2ms", page), Outcome::Answered);
        assert_eq!(
            of("403 Forbidden RBAC: access denied in 1ms", page),
            Outcome::Refused
        );
        for said in ["404 Not Found in 1ms", "503 no healthy upstream in 1ms"] {
            assert_eq!(of(said, page), Outcome::Other(said.into()));
        }
        let sale = ("POST", "http://stock-api.widgetario/stock/1/sales");
        assert_eq!(
            of("415 Unsupported Media Type in 1ms", sale),
            Outcome::Answered
        );
        assert_ne!(of("404 Not Found in 1ms", sale), Outcome::Answered);
        let database = ("GET", "postgres://products-db.widgetario:5432");
        assert_eq!(of("refused: early eof in 1ms", database), Outcome::Refused);
    }
}
