//! Demo 4: a canary release, injected faults, and what withstands them.

pub(super) mod canary;
pub(super) mod faults;
pub(super) mod ingress;
pub(super) mod resilience;
