//! The walkthrough through Istio: how a sentence of a document becomes a measured claim.
//!
//! 1. **A document's section is a stage** ([`documents`]). `docs/demo4.md` has a section
//!    `## demo4/canary-75-25: …`. Its heading is the stage's key, and its code blocks are its commands,
//!    so that what a reader reads is what is run.
//! 2. **The cluster is brought to the stage before** ([`cluster`]), from any state. The commands of all
//!    stages so far name the files that the cluster must hold, and those of later stages name what it
//!    must not.
//! 3. **The stage's commands run** ([`run`]), one by one, with their text shown.
//! 4. **What is there now is observed** ([`observe`]): what the shop answers to visitors, what its pods
//!    meet under their own identities, what Jaeger and Prometheus recorded, and what routes web's
//!    sidecar holds.
//! 5. **The stage's claims are judged by that** ([`claims`]). Each stage has one function that returns
//!    its claims, each with what was seen. "v2 answers 25 % of the visitors" is judged by a confidence
//!    interval; another claim, by a count or an answer.
//! 6. **The verdicts are written, and counted** ([`verify`], with [`tally`]). The exit status tells
//!    whether every claim holds.
//!
//! Each of these modules uses only those before it; [`run`] comes last in that order, because it ends
//! with the verdict. Beside them, [`preflight`] checks the laptop, and [`doctor`] explains one trace.
//! [`prose`] writes sentences where JSON has standard output, and [`cleanup`] leaves nothing behind.
//!
//! To add a stage, write its section and its YAML, and add its function to the table in [`claims`].
//!
//! The errors here are [`anyhow`]'s, because they are sentences for people, which no code matches.

mod claims;
mod cleanup;
mod cluster;
pub mod doctor;
mod documents;
pub mod observe;
pub mod preflight;
mod prose;
pub mod run;
mod tally;
pub mod verify;
