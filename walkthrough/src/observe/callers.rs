//! Requests from inside the cluster, each with the identity of a pod.

use std::time::Instant;

use super::address::host;
use super::probe_pods::NAMESPACE;
use super::wait::eventually;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{attempt, get, items, kubectl};

/// The pod whose identity a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Web,
    Products,
    Stock,
    /// A pod in the mesh with the default service account, of [`ProbePods`](super::probe_pods).
    Stranger,
    /// A pod without a sidecar, and so without an identity, of [`ProbePods`](super::probe_pods).
    Outsider,
}

/// All callers.
pub(crate) const CALLERS: [Caller; 5] = [
    Caller::Web,
    Caller::Products,
    Caller::Stock,
    Caller::Stranger,
    Caller::Outsider,
];

/// A request, as the services' `probe` takes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// `http://…`, or `postgres://…` for a connection to the database.
    pub(crate) url: &'static str,
}

/// A connection to the database.
pub(crate) const DATABASE: Request = Request::new("GET", "postgres://products-db.widgetario:5432");

impl Request {
    pub(crate) const fn new(method: &'static str, url: &'static str) -> Self {
        Self { method, url }
    }

    /// Whether the database is asked.
    pub(crate) fn is_for_database(self) -> bool {
        self.url.starts_with("postgres:")
    }
}

impl Caller {
    /// Asks from a pod of the caller. Returns the line that `probe` writes, or why there is none.
    pub(crate) fn ask(self, Request { method, url }: Request) -> String {
        let (namespace, pod, program) = match self {
            Self::Web => (SHOP, "deployment/web", "web"),
            Self::Products => (SHOP, "deployment/products-api-v1", "products-api"),
            Self::Stock => (SHOP, "deployment/stock-api", "stock-api"),
            Self::Stranger => (NAMESPACE, "pod/stranger", "web"),
            Self::Outsider => (NAMESPACE, "pod/outsider", "web"),
        };
        probe(namespace, pod, program, &["--method", method, url])
    }

    /// Whether the log of the database's own sidecar says that it refused the caller since `begin`.
    ///
    /// The end of a connection does not show who ended it: the caller's sidecar accepts every
    /// connection, and ends it also when there is no way to the database.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(crate) fn is_refused_by_database(self, begin: Instant) -> anyhow::Result<bool> {
        let addresses = self.addresses_in_logs()?;
        let refused = eventually(|| {
            let since = format!("--since={}s", begin.elapsed().as_secs() + 1);
            let sidecar = ["statefulset/products-db", "-c", "istio-proxy"];
            let log = kubectl(&[&["logs", "-n", SHOP, &since][..], &sidecar].concat())?;
            let is_refusal = log
                .lines()
                .filter(|line| line.contains("rbac_access_denied"))
                .any(|line| addresses.iter().any(|address| line.contains(address)));
            Ok(is_refusal.then_some(()))
        })?;
        Ok(refused.is_some())
    }

    /// The addresses of the caller's pods, as Envoy's access log writes them: ` 10.0.0.1:`, with the
    /// port behind it.
    fn addresses_in_logs(self) -> anyhow::Result<Vec<String>> {
        let app = match self {
            Self::Web => "app=web",
            Self::Products => "app=products-api",
            Self::Stock => "app=stock-api",
            Self::Stranger => "app=stranger",
            Self::Outsider => "app=outsider",
        };
        let pods = get(&["pods", "-A", "-l", app])?;
        let addresses = items(&pods).filter_map(|pod| pod["status"]["podIP"].as_str());
        Ok(addresses
            .map(|address| format!(" {}:", host(address)))
            .collect())
    }
}

/// Runs the `probe` of `program` in the container of that name. Returns the line that it writes, or
/// why there is none.
pub(super) fn probe(namespace: &str, pod: &str, program: &str, arguments: &[&str]) -> String {
    let path = format!("/{program}");
    let exec = [
        "exec", "-n", namespace, pod, "-c", program, "--", &path, "probe",
    ];
    match attempt("kubectl", &[&exec, arguments].concat(), None) {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            text.lines().next().unwrap_or_default().to_owned()
        }
        Err(error) => format!("{error:#}"),
    }
}
