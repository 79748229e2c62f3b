//! Ports for programs that do not say which port they got when they listen on port 0.

use std::net::TcpListener;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// A port of loopback that is free and stays so: to programs that ask for any port, the operating
/// system gives none below 32768.
pub fn free_port() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let beginning = process::id().wrapping_mul(101); // not another test program's
    loop {
        let number = beginning.wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(10_000 + number % 20_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
