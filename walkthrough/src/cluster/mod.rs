//! The cluster: it is read and changed through the presenter's own `kubectl`, and made to hold what
//! the documents of a stage apply.
//!
//! [`consent`] checks that the cluster may be changed, and [`distribution`] tells which kind it is.
//! [`manifests`] reads the documents' files, [`mesh`] their `istioctl install`, with what [`ambient`] knows
//! of this kind of cluster, and [`kinds`] those that teach it new kinds of objects. [`objects`] compares the
//! cluster with all of these, by [`drift`], [`undeclared`] and [`sidecars`], and makes it equal: [`held`]
//! makes and deletes objects, [`policies`] tells which policies must go before pods start, [`handover`]
//! leads from ambient back to sidecars, and [`rollout`] waits until the pods are ready.

pub(crate) mod ambient;
pub(crate) mod consent;
pub(crate) mod distribution;
mod drift;
mod handover;
mod held;
pub(crate) mod kinds;
pub(crate) mod kubectl;
pub(crate) mod manifests;
pub(crate) mod mesh;
pub(crate) mod objects;
pub(crate) mod pods;
mod policies;
pub(crate) mod rollout;
pub(crate) mod sidecars;
mod undeclared;

/// What to say when kubectl gets no answer.
pub(crate) const NO_CLUSTER: &str = "the cluster does not answer; `widgetario preflight` says why";
/// The namespace of the shop.
pub(crate) const SHOP: &str = "widgetario";
/// The namespace of the mesh.
pub(crate) const MESH: &str = "istio-system";
