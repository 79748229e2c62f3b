//! Demo 6: beyond the talk.

pub(super) mod egress;
pub(super) mod egress_supplier;
//! Demo 6: what operators of a mesh need next.

pub(super) mod jwt;
//! Demo 6: what an operator of a mesh needs next.

pub(super) mod alert;
pub(super) mod exemplars;
pub(super) mod breaker;
pub(super) mod load;
pub(super) mod mirror;
pub(super) mod rate_limit;
