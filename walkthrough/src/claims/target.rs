//! The shop that is measured.

use std::path::Path;

use super::addon::Addon;
use crate::observe::shop::ShopClient;

/// The shop that is measured: in a cluster, as its visitors reach it.
pub(crate) struct Target<'a> {
    /// The repository's folder.
    pub(crate) root: &'a Path,
    pub(crate) shop: ShopClient,
    /// The shop through Istio's ingress gateway.
    pub(crate) gateway: ShopClient,
    /// The add-ons that this cluster cannot run.
    pub(crate) without: &'a [Addon],
}
