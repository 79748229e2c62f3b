//! Clients of the service that is measured.

use std::io::stdin;
use std::net::SocketAddr;

use benches::client::Client;

use crate::wait;

/// Reads a number from each line of standard input, makes that many requests of `path` on one
/// connection, and says when all are answered.
pub(crate) fn on_demand(address: SocketAddr, path: &str) {
    let mut client = Client::connect(address, path);
    for line in stdin().lines() {
        let requests: usize = line.unwrap().parse().unwrap();
        for _ in 0..requests {
            client.ask();
        }
        chassis::say!("done").unwrap();
    }
}

/// Makes a request on each of `number` connections, says when all are answered, and keeps them open.
pub(crate) fn on_each(address: SocketAddr, path: &str, number: usize) {
    let connected = |_| {
        let mut client = Client::connect(address, path);
        client.ask();
        client
    };
    let clients: Vec<Client> = (0..number).map(connected).collect();
    chassis::say!("done").unwrap();
    wait();
    drop(clients);
}
