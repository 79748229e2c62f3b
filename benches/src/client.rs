//! A client that costs next to nothing: one keep-alive connection, the same request again and again.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A connection to a server.
pub struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    /// The answer that is being read.
    answer: Vec<u8>,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects to a server that listens, to `GET` `path`.
    pub fn connect(address: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes();
        Self {
            stream,
            request,
            answer: Vec::new(),
            buffer: vec![0; 64 * 1024],
        }
    }

    /// Asks once, and returns the answer's body; it must be a success.
    pub fn ask(&mut self) -> &[u8] {
        self.stream.write_all(&self.request).unwrap();
        self.answer.clear();
        loop {
            let read = self.stream.read(&mut self.buffer).unwrap();
            assert!(read > 0, "the server closed the connection");
            self.answer.extend_from_slice(&self.buffer[..read]);
            if let Some((begin, end)) = body(&self.answer)
                && self.answer.len() == end
            {
                return &self.answer[begin..];
            }
        }
    }
}

/// Where the body begins and ends in this answer, of which its head has been read.
fn body(answer: &[u8]) -> Option<(usize, usize)> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let begin = head + 4;
    let head = str::from_utf8(&answer[..head]).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let mut lines = head.split("\r\n");
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    Some((begin, begin + length.unwrap().parse::<usize>().unwrap()))
}
