//! The walkthrough: documents that run on a cluster, and claims that are measured there.
