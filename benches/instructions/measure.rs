//! How a service's requests are counted.

use std::net::SocketAddr;

use benches::ours::Tracing;
use benches::peer::Peer;
use gungraun::{Callgrind, EntryPoint, LibraryBenchmarkConfig};

/// The program of this package whose processes surround the service.
pub(crate) const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// A client, ready to make the requests that are counted, and the processes around the service.
pub(crate) struct Scene {
    client: Peer,
    requests: usize,
    /// They end with the scene.
    _others: Vec<Peer>,
}

impl Scene {
    /// The service at `address`, to be asked for `path` so many times. It has been asked before, so
    /// that caches are filled, connections are open and nothing is made for the first time.
    pub(crate) fn new(address: SocketAddr, path: &str, requests: usize, others: Vec<Peer>) -> Self {
        let mut client = Peer::start(PEER, &["client", &address.to_string(), path]);
        client.ask(requests.div_ceil(5));
        Self {
            client,
            requests,
            _others: others,
        }
    }
}

/// Makes the requests, and returns what is to be dropped uncounted.
#[inline(never)]
pub(crate) fn counted(mut scene: Scene) -> Scene {
    scene.client.ask(scene.requests);
    scene
}

/// What is counted, of all threads: from the call of [`counted`] to the end of the process.
pub(crate) fn config() -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args([
        "--trace-children=no",
        "--separate-threads=no",
        "--cache-sim=no",
        "--zero-before=*measure::counted*",
    ]);
    callgrind.entry_point(EntryPoint::None);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    // Where PostgreSQL's programs are; a service's own variables must not be passed on.
    config.pass_through_envs(["HOME", "PATH", "XDG_CACHE_HOME", "WIDGETARIO_CACHE_HOME"]);
    // As many threads on every machine.
    config.env("TOKIO_WORKER_THREADS", "2");
    config
}

/// A collector, and how a service reaches it.
pub(crate) fn collector() -> (Peer, Tracing) {
    let (collector, address) = Peer::stand_in(PEER, &["collector"]);
    (collector, Tracing::To(address))
}
