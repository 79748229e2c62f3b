//! Servers that answer at once, and always the same.

use std::io::{Read, stdin};
use std::thread;

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime;

/// Takes all that is sent to it.
pub(crate) fn collector() -> Router {
    Router::new().fallback(|| async {})
}

/// Prints where it listens, and serves until standard input ends.
pub(crate) fn run(router: Router) {
    thread::spawn(|| {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(serve(router));
    });
    let _ = stdin().read_to_end(&mut Vec::new());
}

async fn serve(router: Router) {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    chassis::say!("{address}").expect("a reader");
    axum::serve(listener, router).await.expect("an open port");
}
