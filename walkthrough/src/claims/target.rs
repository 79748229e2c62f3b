//! What is measured, and with what.

use std::path::Path;

use super::addon::Addon;
use crate::observe::shop::ShopClient;

/// What is measured: a shop in a cluster, as its visitors reach it.
pub(crate) struct Target<'a> {
    /// The repository's folder.
    pub(crate) root: &'a Path,
    pub(crate) shop: ShopClient,
    /// The shop by way of Istio's ingress gateway.
    pub(crate) gateway: ShopClient,
    /// The add-ons that this cluster cannot run.
    pub(crate) without: &'a [Addon],
}
