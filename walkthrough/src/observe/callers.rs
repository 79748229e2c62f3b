//! Requests from inside the cluster, each with the identity of a pod.

use std::time::Instant;

use super::address::host;
use super::probe_pods::NAMESPACE;
use super::wait::eventually;
use super::ztunnel;
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
    /// The same without a sidecar: ztunnel carries its traffic.
    AmbientStranger,
    /// A pod without a sidecar, and so without an identity, of [`ProbePods`](super::probe_pods).
    Outsider,
}

/// All callers in a mesh of sidecars.
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
        self.ask_all(method, &[url]).concat()
    }

    /// Asks each of `urls` from a pod of the caller, one after the other. Returns for each the line
    /// that `probe` writes, or why there is none.
    pub(crate) fn ask_all(self, method: &str, urls: &[&str]) -> Vec<String> {
        let (namespace, pod, program) = match self {
            Self::Web => (SHOP, "deployment/web", "web"),
            Self::Products => (SHOP, "deployment/products-api-v1", "products-api"),
            Self::Stock => (SHOP, "deployment/stock-api", "stock-api"),
            Self::Stranger => (NAMESPACE, "pod/stranger", "web"),
            Self::AmbientStranger => (NAMESPACE, "pod/ambient-stranger", "web"),
            Self::Outsider => (NAMESPACE, "pod/outsider", "web"),
        };
        let arguments = [&["--method", method], urls].concat();
        let mut lines = probe(namespace, pod, program, &arguments);
        // Where the program could not be run, one line says why.
        let last = lines.last().cloned().unwrap_or_default();
        lines.resize(urls.len(), last);
        lines
    }

    fn app(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Products => "products-api",
            Self::Stock => "stock-api",
            Self::Stranger => "stranger",
            Self::AmbientStranger => "ambient-stranger",
            Self::Outsider => "outsider",
        }
    }
}

/// The proxy that lets callers of the database in, and writes down whom it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatabaseGuard {
    Sidecar,
    Ztunnel,
}

impl DatabaseGuard {
    /// Those of `callers` of whom its log does not say that it refused them since `begin`.
    ///
    /// The end of a connection does not show who ended it: the caller's proxy accepts every
    /// connection, and ends it also when there is no way to the database.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub(crate) fn has_not_refused(
        self,
        callers: &[Caller],
        begin: Instant,
    ) -> anyhow::Result<Vec<Caller>> {
        let addresses = addresses(callers)?;
        let mut rest = callers.to_vec();
        eventually(|| {
            let refusals = self.refusals(begin)?;
            let is_refused = |caller: Caller| {
                let mut own = addresses.iter().filter(|(app, _)| app == caller.app());
                own.any(|(_, address)| {
                    let mut refusals = refusals.iter();
                    refusals.any(|refusal| self.names(address, refusal))
                })
            };
            rest.retain(|caller| !is_refused(*caller));
            Ok(rest.is_empty().then_some(()))
        })?;
        Ok(rest)
    }

    /// The refusals since `begin`: the caller's address, or a line that holds it.
    fn refusals(self, begin: Instant) -> anyhow::Result<Vec<String>> {
        if self == Self::Ztunnel {
            let refusals = ztunnel::refusals("products-db", begin)?.into_iter();
            return Ok(refusals.map(|refusal| refusal.caller).collect());
        }
        let since = format!("--since={}s", begin.elapsed().as_secs() + 1);
        let sidecar = ["statefulset/products-db", "-c", "istio-proxy"];
        let log = kubectl(&[&["logs", "-n", SHOP, &since][..], &sidecar].concat())?;
        let refusals = log
            .lines()
            .filter(|line| line.contains("rbac_access_denied"));
        Ok(refusals.map(str::to_owned).collect())
    }

    /// Whether a `refusal` is of the caller at `address`: the port stands behind it.
    fn names(self, address: &str, refusal: &str) -> bool {
        let address = format!("{}:", host(address));
        match self {
            Self::Sidecar => refusal.contains(&format!(" {address}")),
            Self::Ztunnel => refusal.starts_with(&address),
        }
    }
}

/// The addresses of the pods of `callers`, each with its application.
fn addresses(callers: &[Caller]) -> anyhow::Result<Vec<(String, String)>> {
    let apps: Vec<&str> = callers.iter().map(|caller| caller.app()).collect();
    let label = format!("app in ({})", apps.join(","));
    let pods = get(&["pods", "-A", "-l", &label])?;
    let addresses = items(&pods).filter_map(|pod| {
        let app = pod["metadata"]["labels"]["app"].as_str()?;
        let address = pod["status"]["podIP"].as_str()?;
        Some((app.to_owned(), address.to_owned()))
    });
    Ok(addresses.collect())
}

/// Runs the `probe` of `program` in the container of that name. Returns the lines that it writes, or
/// why there are none.
pub(super) fn probe(namespace: &str, pod: &str, program: &str, arguments: &[&str]) -> Vec<String> {
    let path = format!("/{program}");
    let exec = [
        "exec", "-n", namespace, pod, "-c", program, "--", &path, "probe",
    ];
    match attempt("kubectl", &[&exec, arguments].concat(), None) {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            text.lines().map(str::to_owned).collect()
        }
        Err(error) => vec![format!("{error:#}")],
    }
}
