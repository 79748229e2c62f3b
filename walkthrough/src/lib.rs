//! The walkthrough through Istio: how a sentence of a document becomes a measured claim.
//!
//! 1. **A section of a document is a stage** (`documents`). `docs/demo4.md` has a section
//!    `## demo4/canary-75-25: …`. Its heading holds the stage's key, and its code blocks are its
//!    commands, so that the commands in the text are those that run. Without a checkout of the
//!    repository, the program's own copy is read ([`repository`]).
//! 2. **The cluster is brought to the stage before** (`cluster`), from any state. It must
//!    hold what the commands of all stages so far applied and did not delete, and nothing else that a
//!    stage applies.
//! 3. **The stage's commands run** ([`run`]), one by one, with the text between them.
//! 4. **The result is observed** ([`observe`]): what the shop answers to visitors, what its pods
//!    may do under their own identities, what Jaeger and Prometheus recorded, what ztunnel logged, and which
//!    routes the proxy holds that chooses for web: its sidecar, or a waypoint.
//! 5. **The stage's claims are judged by what was observed** (`claims`). Each stage has one function
//!    that returns its claims, each with its evidence. "v2 answers 25 % of the visitors" is judged by
//!    a confidence interval; other claims are judged by a count or an answer.
//! 6. **The verdicts are written, and counted** ([`verify`], with `tally`). The exit status tells
//!    whether every claim holds.
//!
//! A module uses only modules that stand before it in this order: [`repository`], `documents`, `cluster`,
//! [`images`], `observe`, [`entrance`], [`token`], `claims`, `tally`, `verify`, `run`, which ends with the verdict.
//! Besides these, [`preflight`] checks the laptop and its [`port`]s, [`images`] brings what the pods run to
//! where they run, [`entrance`] opens a port-forward where localhost does not answer, and [`doctor`]
//! explains one trace. [`token`] makes tokens for Sign in. `prose` writes text for
//! people, also when standard output is for JSON, `parallel` does work at the same time, and `cleanup`
//! makes sure that nothing is left behind.
//!
//! To add a stage, write its section and its YAML, and add its function to the table in `claims`.
//!
//! The errors are those of [`anyhow`], because they are sentences for people, and no code matches
//! them.

mod claims;
mod cleanup;
mod cluster;
pub mod doctor;
mod documents;
pub mod entrance;
pub mod images;
pub mod observe;
mod parallel;
pub mod port;
pub mod preflight;
mod prose;
pub mod repository;
pub mod run;
mod tally;
pub mod token;
pub mod verify;
