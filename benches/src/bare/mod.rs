//! The same answers by axum alone: the least that a request can cost.

pub mod stock;

use std::net::SocketAddr;
use std::thread;

use axum::Router;
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
