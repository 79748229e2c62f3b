//! One keep-alive connection that sends the same request again and again.

use std::io::{Read, Write, stdin};
use std::net::TcpStream;

/// Reads a number from each line of standard input, makes that many requests of `path`, and says
/// when all are answered.
pub(crate) fn run(address: &str, path: &str) {
    let mut client = Client::connect(address, path);
    for line in stdin().lines() {
        let requests: usize = line.expect("text").parse().expect("a number");
        for _ in 0..requests {
            client.ask();
        }
        chassis::say!("done").expect("a reader");
    }
}

struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    /// The answer that is being read.
    answer: Vec<u8>,
}

impl Client {
    /// Connects to a server that listens.
    fn connect(address: &str, path: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a server");
        stream.set_nodelay(true).expect("a connected socket");
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes();
        Self {
            stream,
            request,
            answer: Vec::new(),
        }
    }

    /// Asks once.
    fn ask(&mut self) {
        self.stream.write_all(&self.request).expect("a server");
        self.answer.clear();
        let mut buffer = [0; 64 * 1024];
        while !is_whole(&self.answer) {
            let read = self.stream.read(&mut buffer).expect("an answer");
            assert!(read > 0, "the server closed the connection");
            self.answer.extend_from_slice(&buffer[..read]);
        }
    }
}

/// Whether the answer has been read to its end; it must be a success.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = str::from_utf8(&answer[..end]).expect("an ASCII head");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let length = head
        .split("\r\n")
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.expect("a content-length").parse().expect("a number");
    answer.len() == end + 4 + length
}
