//! The cluster: it is read and changed through the presenter's own `kubectl`, and made to hold what
//! the documents of a stage apply.
//!
//! [`consent`] checks that the cluster may be changed, [`manifests`] reads the documents' files,
//! and [`objects`] compares the cluster with these files, with the help of [`drift`],
//! [`undeclared`] and [`sidecars`].

pub(crate) mod ambient;
pub(crate) mod consent;
pub(crate) mod distribution;
mod drift;
mod handover;
pub(crate) mod kinds;
pub(crate) mod kubectl;
pub(crate) mod manifests;
pub(crate) mod mesh;
pub(crate) mod objects;
pub(crate) mod pods;
pub(crate) mod rollout;
pub(crate) mod sidecars;
mod undeclared;

/// What to say when kubectl gets no answer.
pub(crate) const NO_CLUSTER: &str = "the cluster does not answer; `widgetario preflight` says why";
/// The namespace of the shop.
pub(crate) const SHOP: &str = "widgetario";
/// The namespace of the mesh.
pub(crate) const MESH: &str = "istio-system";
