//! The traces of one page view, as a collector receives them from the real processes.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod callers;
mod collector;
mod failures;
mod logs;
mod mesh;
mod proxy;
mod readers;
mod shop;
mod trees;

use ureq::Body;
use ureq::http::Response;

/// The `widgetario` command.
const PROGRAM: &str = env!("CARGO_BIN_EXE_shop-tests");

/// Gets `url` with `headers`.
fn get(url: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let add = |request: ureq::RequestBuilder<_>, &(name, value): &(&str, &str)| {
        request.header(name, value)
    };
    headers.iter().fold(ureq::get(url), add).call().unwrap()
}
