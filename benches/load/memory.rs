//! How much memory the services have: idle, after work, and with many connections.

use benches::peer::Peer;
use testkit::database::{TestDatabase, api_flags};

use crate::program::{PEER, Program, idle};
use crate::rounds::quiet_web_flags;
use crate::wrk::load;

/// Two processes have that many open files each, which every system allows.
const IDLE: usize = 1024 / 2;
const REQUESTS: f64 = 200_000.0;
/// Each calls the APIs five times.
const PAGES: f64 = REQUESTS / 5.0;

/// Prints the table.
pub(crate) fn print(database: &TestDatabase) {
    chassis::say!(
        "\n| memory, traced | idle | after 200,000 requests, or 40,000 pages | with 1,024 idle connections |\n\
         | --- | --- | --- | --- |"
    )
    .unwrap();
    let (_apis, [products, stock]) = Peer::apis(PEER, 4);
    let stock_flags = api_flags(&database.shop.stock_url, &[]);
    row("stock-api", &stock_flags, "/stock/1", REQUESTS);
    let products_flags = api_flags(&database.shop.products_url, &[]);
    row("products-api", &products_flags, "/products", REQUESTS);
    row("web", &quiet_web_flags(products, stock), "/", PAGES);
}

fn row(service: &'static str, flags: &[String], path: &str, requests: f64) {
    let program = Program::traced(service, service, flags);
    drop(idle(program.address, path, 1)); // it has answered
    let begin = program.memory_mb();
    let mut asked = 0.0;
    while asked < requests {
        asked += load(&program, path, 5).requests;
    }
    let end = program.memory_mb();
    drop(program);
    // Another process, so that the load is not in it.
    let program = Program::traced(service, service, flags);
    let connections = [(); 2].map(|()| idle(program.address, path, IDLE));
    let connected = program.memory_mb();
    drop(connections);
    chassis::say!("| {service} | {begin:.1} MB | {end:.1} MB | {connected:.1} MB |").unwrap();
}
