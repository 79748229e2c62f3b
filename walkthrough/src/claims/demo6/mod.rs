//! Demo 6: what operators of a mesh need next.

pub(super) mod alert;
pub(super) mod breaker;
pub(super) mod egress;
pub(super) mod egress_supplier;
pub(super) mod exemplars;
pub(super) mod jwt;
pub(super) mod load;
pub(super) mod mirror;
pub(super) mod rate_limit;
