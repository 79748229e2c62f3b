//! The processes around a service: the client that asks, and stand-ins for what it calls.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A process of this package's program `peer`. It ends when its standard input does: when this is
/// dropped, and when this process is killed.
pub struct Peer {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts `program`, the path of `peer`, with its `arguments`.
    pub fn start(program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        let command = command.args(arguments);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self {
            input: process.stdin.take(),
            output,
            process,
        }
    }

    /// Starts a stand-in, and returns where it listens, too.
    pub fn stand_in(program: &str, arguments: &[&str]) -> (Self, SocketAddr) {
        let mut peer = Self::start(program, arguments);
        let address = peer.line().parse().unwrap();
        (peer, address)
    }

    /// Starts stand-ins for products-api, which sells so many products, and stock-api. Returns where
    /// they listen, too.
    pub fn apis(program: &str, products: usize) -> ([Self; 2], [SocketAddr; 2]) {
        let (products_api, products) =
            Self::stand_in(program, &["products", &products.to_string()]);
        let (stock_api, stock) = Self::stand_in(program, &["stock"]);
        ([products_api, stock_api], [products, stock])
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Has the client make this many requests, one after the other, and waits for the answers.
    pub fn ask(&mut self, requests: usize) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{requests}").unwrap();
        assert_eq!(self.line(), "done");
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.process.wait();
    }
}
