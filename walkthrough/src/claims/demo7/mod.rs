//! Demo 7: the Gateway API, and a mesh without sidecars.

pub(super) mod ambient;
pub(super) mod ambient_canary;
pub(super) mod ambient_faults;
pub(super) mod ambient_identity;
pub(super) mod ambient_install;
pub(super) mod ambient_traces;
mod captured;
pub(super) mod gateway_api;
pub(super) mod gateway_rules;
pub(super) mod gateway_timeout;
mod handover;
pub(super) mod selector_policy;
pub(super) mod waypoints;
