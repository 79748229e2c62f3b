//! What is compared, under the same load in turn.

use std::net::SocketAddr;

use benches::ours::web_flags;
use benches::peer::Peer;
use testkit::database::{TestDatabase, api_flags};

use crate::program::{PEER, Program};
use crate::wrk::load;

const ROUNDS: usize = 5;
const SECONDS: u32 = 3;

/// What a round measures.
struct Round {
    requests_per_second: f64,
    p50_ms: f64,
    cpu_us: f64,
}

const OFF: &str = "--sdk-disabled=true";

/// `GET /stock/1` from the cache.
pub(crate) fn stock(database: &TestDatabase) {
    let flags = api_flags(&database.shop.stock_url, &["--log=warn"]);
    let programs = [
        Program::bare("axum alone", &["stock"]),
        Program::ours("stock-api", "stock-api", &with(&flags, OFF)),
        Program::traced("stock-api, traced", "stock-api", &flags),
    ];
    compare("`GET /stock/1`", "/stock/1", &programs);
}

/// `GET /products` from PostgreSQL.
pub(crate) fn products(database: &TestDatabase) {
    let url = &database.shop.products_url;
    let flags = api_flags(url, &["--log=warn"]);
    let programs = [
        Program::bare("axum, tokio-postgres, deadpool", &["tokio-postgres", url]),
        Program::bare("axum, sqlx", &["sqlx", url]),
        Program::ours("products-api", "products-api", &with(&flags, OFF)),
        Program::traced("products-api, traced", "products-api", &flags),
    ];
    compare("`GET /products`", "/products", &programs);
}

/// The page with four products.
pub(crate) fn page() {
    let (_apis, [products, stock]) = Peer::apis(PEER, 4);
    let flags = quiet_web_flags(products, stock);
    let (products, stock) = (products.to_string(), stock.to_string());
    let programs = [
        Program::bare("axum, reqwest", &["page", &products, &stock]),
        Program::ours("web", "web", &with(&flags, OFF)),
        Program::traced("web, traced", "web", &flags),
    ];
    compare("The page, four products", "/", &programs);
}

/// The flags of a web that calls these two APIs, and logs errors alone.
pub(crate) fn quiet_web_flags(products: SocketAddr, stock: SocketAddr) -> Vec<String> {
    with(&web_flags(products, stock), "--log=error")
}

/// `flags`, and one more.
pub(crate) fn with(flags: &[String], more: &str) -> Vec<String> {
    [flags, &[more.to_owned()]].concat()
}

/// Prints a table of what each of `programs` needs, as ratios to the first: the middle one of all
/// rounds.
fn compare(title: &str, path: &str, programs: &[Program]) {
    for program in programs {
        round(program, path);
    }
    let rounds: Vec<Vec<Round>> = (0..ROUNDS)
        .map(|_| {
            programs
                .iter()
                .map(|program| round(program, path))
                .collect()
        })
        .collect();
    chassis::say!("\n| {title} | CPU a request | × | requests/s | × | p50 | × |").unwrap();
    chassis::say!("| --- | --- | --- | --- | --- | --- | --- |").unwrap();
    for (index, Program { name, .. }) in programs.iter().enumerate() {
        let of = |value: fn(&Round) -> f64| {
            let values = rounds.iter().map(|round| value(&round[index]));
            let ratios = rounds
                .iter()
                .map(|round| value(&round[index]) / value(&round[0]));
            (middle(values), middle(ratios))
        };
        let (cpu, cpu_ratio) = of(|round| round.cpu_us);
        let (rate, rate_ratio) = of(|round| round.requests_per_second);
        let (p50, p50_ratio) = of(|round| round.p50_ms);
        chassis::say!(
            "| {name} | {cpu:.0} µs | {cpu_ratio:.2} | {rate:.0} | {rate_ratio:.2} | {p50:.2} ms | {p50_ratio:.2} |"
        )
        .unwrap();
    }
}

fn round(program: &Program, path: &str) -> Round {
    let before = program.cpu_us();
    let load = load(program, path, SECONDS);
    let cpu = program.cpu_us() - before;
    Round {
        requests_per_second: load.requests_per_second,
        p50_ms: load.p50_ms,
        cpu_us: cpu / load.requests,
    }
}

/// The value in the middle.
pub(crate) fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
