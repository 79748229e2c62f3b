//! Demo 6: beyond the talk.

pub(super) mod egress;
pub(super) mod egress_supplier;
