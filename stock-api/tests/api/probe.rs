//! What the program's `probe` tells of the addresses that it asks.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

#[test]
fn probe_writes_a_line_for_each_address_in_their_order() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        for connection in listener.incoming().take(2) {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 1024]).unwrap();
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            connection.write_all(answer).unwrap();
        }
    });
    let probe = Command::new(env!("CARGO_BIN_EXE_stock-api"))
        .args(["probe", &url, "ftp://127.0.0.1/", &url])
        .output()
        .unwrap();
    server.join().unwrap();
    let text = String::from_utf8(probe.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let [first, second, third] = lines[..] else {
        panic!("{text}");
    };
    assert!(first.starts_with("204 No Content in "), "{text}");
    assert!(
        second.starts_with("no answer: ftp:// is not allowed"),
        "{text}"
    );
    assert!(third.starts_with("204 No Content in "), "{text}");
    assert_eq!(probe.status.code(), Some(1));
}
