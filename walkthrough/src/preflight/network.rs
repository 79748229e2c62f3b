//! Whether the cluster's network enforces `NetworkPolicy`s: it is tried, because the API server takes
//! policies in any case.

use super::Finding;
use super::cluster::Cluster;
use crate::cluster::consent::Consent;
use crate::cluster::pods;
use crate::observe::network_policies::enforcement;
use crate::observe::probe_pods::web_image;

/// Tries it with two pods, which are deleted again, where the user agreed to that, and the shop's
/// image is there.
pub(super) fn check(cluster: &Cluster, consent: &Consent) -> anyhow::Result<Finding> {
    if let Err(error) = consent.check() {
        return Ok(Finding::Later(format!(
            "not tried, because it needs two pods: {error:#}"
        )));
    }
    if pods::running()?.is_empty() {
        let context = &cluster.context;
        return Ok(Finding::Later(format!(
            "not tried yet: once the shop runs in {context}, this tries it"
        )));
    }
    Ok(Finding::Fine(enforcement(&web_image()?)?.to_string()))
}
