//! The walkthrough: documents that run on a cluster, and claims that are measured there.

mod cleanup;
mod cluster;
pub mod doctor;
pub mod preflight;
mod prose;
pub mod stages;
pub mod verify;
