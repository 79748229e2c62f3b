//! Who answers at an address.

use std::time::Duration;

use crate::cluster::pods;
use crate::observe::page::Page;
use crate::observe::shop::ShopClient;

/// More than the shop needs under any of the faults that the walkthrough injects.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who answers at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The shop of this cluster, or the mesh in its place.
    Shop,
    /// Another program.
    Stranger,
    Nobody,
}

impl Answer {
    /// Who answers at `url`.
    pub(super) fn at(url: &str) -> Self {
        let page = ShopClient::with_patience(url, PATIENCE).view();
        let answered = page.calls().iter().filter_map(|call| call.pod.as_deref());
        let answered: Vec<&str> = answered.collect();
        if answered.is_empty() {
            return Self::without_pods(&page);
        }
        // When the cluster cannot be asked, the claims say so.
        let pods = pods::running().unwrap_or_default();
        let is_known = |name: &&str| pods.iter().any(|pod| pod["metadata"]["name"] == **name);
        // One is enough: another may be of a pod that ends just now.
        if answered.iter().any(is_known) {
            Self::Shop
        } else {
            Self::Stranger
        }
    }

    /// An answer that names no pod is the mesh's, or that of a shop whose calls all failed, or
    /// somebody else's.
    fn without_pods(page: &Page) -> Self {
        let is_of_mesh = page.header("server").contains("envoy")
            || !page.header("x-envoy-upstream-service-time").is_empty()
            || page.body.starts_with("RBAC: access denied");
        match page.status {
            0 => Self::Nobody,
            _ if is_of_mesh || page.misread().is_none() => Self::Shop,
            _ => Self::Stranger,
        }
    }
}
