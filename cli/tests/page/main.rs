//! What the page shows of a mesh: real services behind real proxies, in a real browser.
//!
//! `envoy`, `chromium` and `chromedriver` are found on the `PATH`, axe-core by `AXE`; `.ci/run`
//! installs all of them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod accessibility;
mod browser;
mod buy;
mod certificates;
#[path = "../parts/chromium.rs"]
mod chromium;
mod console;
#[path = "../parts/envoy.rs"]
mod envoy;
mod failures;
mod faults;
mod filters;
mod finding;
mod identity;
mod live;
mod mesh;
mod origin;
#[path = "../parts/port.rs"]
mod port;
mod refusals;
#[path = "../parts/service.rs"]
mod service;
mod test_user;
mod way;
