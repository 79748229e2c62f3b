//! A server as a process of its own, and what the system says of it (proc(5)).

use std::fs::{read_dir, read_to_string};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use benches::peer::Peer;
use testkit::port::free_port;

/// The program of this package whose processes surround a service.
pub(crate) const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// A running server.
pub(crate) struct Program {
    /// What it is, for the tables.
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    id: u32,
    /// They end with it; the server itself is one of them, or is ended by one.
    peers: Vec<Peer>,
}

impl Program {
    /// Axum alone: `peer bare` with these arguments.
    pub(crate) fn bare(name: &'static str, arguments: &[&str]) -> Self {
        let arguments = [&["bare"], arguments].concat();
        let (peer, address) = stand_in(&arguments);
        Self {
            name,
            address,
            id: peer.id(),
            peers: vec![peer],
        }
    }

    /// The released program `service` with these flags, which listens when this returns.
    pub(crate) fn ours(name: &'static str, service: &str, flags: &[String]) -> Self {
        let program = Path::new(PEER).with_file_name(service);
        assert!(program.exists(), "cargo build --release -p {service}");
        let program = program.display().to_string();
        let (port, management) = (free_port(), free_port());
        let always = [
            "--listen-address=127.0.0.1".to_owned(),
            format!("--port={port}"),
            format!("--management-port={management}"),
        ];
        let flags = always.iter().chain(flags).map(String::as_str);
        let arguments: Vec<&str> = ["keep", &program].into_iter().chain(flags).collect();
        let mut keeper = Peer::start(PEER, &arguments);
        let id = keeper.line().parse().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "{service} does not listen");
            sleep(Duration::from_millis(1));
        }
        Self {
            name,
            address,
            id,
            peers: vec![keeper],
        }
    }

    /// The same with a collector, for each request is recorded.
    pub(crate) fn traced(name: &'static str, service: &str, flags: &[String]) -> Self {
        let (collector, address) = stand_in(&["collector"]);
        let flag = format!("--otlp-endpoint=http://{address}");
        let mut program = Self::ours(name, service, &[flags, &[flag]].concat());
        program.peers.push(collector);
        program
    }

    /// The CPU time of its threads in microseconds, those that have ended aside.
    pub(crate) fn cpu_us(&self) -> f64 {
        let threads = read_dir(format!("/proc/{}/task", self.id)).unwrap();
        let nanoseconds = threads.map(|thread| {
            let path = thread.unwrap().path().join("schedstat");
            let text = read_to_string(path).unwrap_or_default();
            text.split(' ').next().unwrap().parse().unwrap_or(0.0)
        });
        nanoseconds.sum::<f64>() / 1e3
    }

    /// How much memory it has now, in megabytes.
    pub(crate) fn memory_mb(&self) -> f64 {
        self.status_mb("VmRSS:")
    }

    /// How much memory it had at most, in megabytes.
    pub(crate) fn peak_mb(&self) -> f64 {
        self.status_mb("VmHWM:")
    }

    fn status_mb(&self, key: &str) -> f64 {
        let status = read_to_string(format!("/proc/{}/status", self.id)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kibibytes = line.unwrap().trim().trim_end_matches(" kB");
        kibibytes.parse::<f64>().unwrap() * 1024.0 / 1e6
    }
}

/// Starts a stand-in, and returns where it listens, too.
fn stand_in(arguments: &[&str]) -> (Peer, SocketAddr) {
    Peer::stand_in(PEER, arguments)
}

/// Opens `number` connections to the server at `address`, each of which has been used once.
pub(crate) fn idle(address: SocketAddr, path: &str, number: usize) -> Peer {
    let mut peer = Peer::start(
        PEER,
        &["idle", &address.to_string(), path, &number.to_string()],
    );
    assert_eq!(peer.line(), "done");
    peer
}
