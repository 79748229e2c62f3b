//! How a service's requests are counted.

use std::net::SocketAddr;

use benches::peer::Peer;
use gungraun::{Callgrind, EntryPoint, LibraryBenchmarkConfig};

/// The program of this package whose processes surround the service.
pub(crate) const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// Enough that caches are filled, connections are open and nothing is made for the first time.
const WARM_UP: usize = 200;

/// A service, ready to be asked for something, and the processes around it.
pub(crate) struct Scene {
    client: Peer,
    /// They end with the scene.
    _others: Vec<Peer>,
}

impl Scene {
    /// The service at `address`, asked for `path`.
    pub(crate) fn new(address: SocketAddr, path: &str, others: Vec<Peer>) -> Self {
        let mut client = Peer::start(PEER, &["client", &address.to_string(), path]);
        client.ask(WARM_UP);
        Self {
            client,
            _others: others,
        }
    }
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

/// Has the client make `requests`.
#[inline(never)]
pub(crate) fn counted(mut scene: Scene, requests: usize) -> Scene {
    scene.client.ask(requests);
    scene
}
