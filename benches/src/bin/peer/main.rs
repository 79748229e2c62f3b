//! A process beside the one that is measured, so that what it costs is not counted there. It ends
//! when its standard input does.
//!
//! | command | what it is |
//! | --- | --- |
//! | `peer client ADDRESS PATH` | makes as many requests as each line of standard input says |
//! | `peer idle ADDRESS PATH N` | makes a request on each of N connections, and keeps them open |
//! | `peer collector` | takes all that is sent to it |
//! | `peer products N` | answers like products-api, with N products |
//! | `peer stock` | answers like stock-api |
//! | `peer bare …` | what our services are compared with: [`bare`] |
//! | `peer keep PROGRAM …` | runs a program with these arguments, and ends it |
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

mod asking;
mod keep;
mod stand_in;

use std::env;

use benches::bare;
use stand_in::run;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["client", address, path] => asking::on_demand(address.parse().unwrap(), path),
        ["idle", address, path, number] => {
            asking::on_each(address.parse().unwrap(), path, number.parse().unwrap());
        }
        ["collector"] => run(async { stand_in::collector() }),
        ["products", number] => run(async { stand_in::products(number.parse().unwrap()) }),
        ["stock"] => run(async { stand_in::stock() }),
        ["bare", "stock"] => run(async { bare::stock::router() }),
        ["bare", "tokio-postgres", url] => run(async { bare::products::tokio_postgres(url) }),
        ["bare", "sqlx", url] => run(bare::products::sqlx(url)),
        ["bare", "page", products, stock] => {
            let apis = [products, stock].map(|address| address.parse().unwrap());
            run(async { bare::page::router(apis[0], apis[1]) });
        }
        ["keep", program, ref arguments @ ..] => keep::run(program, arguments),
        _ => panic!("unknown arguments: {arguments:?}"),
    }
}

/// Waits for the end of standard input.
fn wait() {
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
}
