//! Demo 7: the Gateway API, and a mesh without sidecars.

pub(super) mod gateway_api;
pub(super) mod gateway_rules;
pub(super) mod gateway_timeout;
