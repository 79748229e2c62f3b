//! What every stage claims: the cluster is as the documents make it, and the measured shop is the
//! cluster's.

use std::collections::BTreeSet;

use super::claim::{Claim, abridged};
use super::target::Target;
use crate::cluster::objects::Wanted;
use crate::cluster::pods;
use crate::documents::Documents;

/// The cluster holds what the stages up to the one at `position` apply.
///
/// # Errors
/// When the documents cannot be read.
pub(super) fn holds_the_documents(documents: &Documents, position: usize) -> anyhow::Result<Claim> {
    let wanted = Wanted::after(documents, position + 1)?;
    Ok(match wanted.differences() {
        Ok(differences) => Claim::new(
            "the cluster holds what the documents applied, and no more",
            differences.is_empty(),
            abridged(&differences),
        ),
        Err(error) => Claim::not_measured(&error),
    })
}

/// The shop that is measured is this cluster's, and not another one at the same address.
///
/// # Errors
/// When the cluster cannot be asked.
pub(super) fn shop_is_in_the_cluster(target: &Target) -> anyhow::Result<Claim> {
    let page = target.shop.view();
    let pods = pods::running()?;
    let is_known = |name: &&str| pods.iter().any(|pod| pod["metadata"]["name"] == **name);
    let calls = page.calls().iter();
    let answered: BTreeSet<&str> = calls.filter_map(|call| call.pod.as_deref()).collect();
    let mut unknown = answered.iter().copied().collect::<Vec<_>>();
    unknown.retain(|name| !is_known(name));
    Ok(Claim::new(
        "the shop that is measured is the cluster's: its pods answer",
        !answered.is_empty() && unknown.is_empty(),
        match (page.misread(), unknown.as_slice()) {
            (Some(error), _) => {
                format!("status {}: no content of a shop: {error}", page.status)
            }
            (None, []) => format!("{} pods", answered.len()),
            (None, unknown) => format!("{} is no pod of the cluster", unknown.join(", ")),
        },
    ))
}
