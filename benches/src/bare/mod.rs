//! The same answers by axum alone: the least that a request can cost.

pub mod page;
pub mod products;
pub mod stock;

use std::net::SocketAddr;
use std::thread;
use std::time::Instant;

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use chassis::{POD, SERVER_TIMING, VERSION};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Serves what `router` returns at a free port of 127.0.0.1, until the process ends.
pub fn serve(router: impl Future<Output = Router>) -> SocketAddr {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let router = runtime.block_on(router);
    thread::spawn(move || runtime.block_on(async { axum::serve(listener, router).await.unwrap() }));
    address
}

/// The headers in which an API says who answered, and how long that took since `begun`.
fn identity(begun: Instant) -> [(HeaderName, HeaderValue); 3] {
    let microseconds = begun.elapsed().as_micros();
    let (whole, fraction) = (microseconds / 1000, microseconds % 1000);
    let timing = format!("app;dur={whole}.{fraction:03}");
    [
        (VERSION, HeaderValue::from_static("v1")),
        (POD, HeaderValue::from_static("localhost")),
        (SERVER_TIMING, HeaderValue::from_str(&timing).unwrap()),
    ]
}
