//! What the page shows of a mesh: real services behind real proxies, in a real browser.
//!
//! `envoy`, `chromium` and `chromedriver` are found on the `PATH`, axe-core by `AXE`; `.ci/run`
//! installs all of them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod accessibility;
mod buy;
mod certificates;
mod console;
mod failures;
mod faults;
mod filters;
mod finding;
mod hop;
mod identity;
mod live;
mod mesh;
mod origin;
mod refusals;
mod sign_in;
mod supplier;
mod table;
mod test_user;
