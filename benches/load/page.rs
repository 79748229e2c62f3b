//! The page with very many products, for several visitors at once.

use std::thread;

use benches::client::Client;
use benches::peer::Peer;

use crate::program::{PEER, Program};
use crate::rounds::{quiet_web_flags, with};

const VISITORS: usize = 8;

/// What the pages of one size cost.
struct Pages {
    cpu_per_call_us: f64,
    peak_mb: f64,
    unknown: usize,
}

/// Prints the table.
pub(crate) fn print() {
    chassis::say!(
        "\n| products | CPU a call | × | peak of memory | rows shown as unknown, at most |\n\
         | --- | --- | --- | --- | --- |"
    )
    .unwrap();
    let few = pages(40, 25);
    for (
        products,
        Pages {
            cpu_per_call_us: cpu,
            peak_mb,
            unknown,
        },
    ) in [(40, &few), (400, &pages(400, 3)), (4000, &pages(4000, 1))]
    {
        let ratio = cpu / few.cpu_per_call_us;
        chassis::say!("| {products} | {cpu:.0} µs | {ratio:.2} | {peak_mb:.0} MB | {unknown} |")
            .unwrap();
    }
}

/// Each visitor asks for `visits` pages with so many products, one after the other.
fn pages(products: usize, visits: usize) -> Pages {
    let (_apis, [products_api, stock_api]) = Peer::apis(PEER, products);
    let flags = with(
        &quiet_web_flags(products_api, stock_api),
        "--sdk-disabled=true",
    );
    let program = Program::ours("web", "web", &flags);
    visit(&program, 1);
    let before = program.cpu_us();
    let unknown = visit(&program, visits);
    let cpu = program.cpu_us() - before;
    let calls = u32::try_from(VISITORS * visits * (products + 1)).unwrap();
    Pages {
        cpu_per_call_us: cpu / f64::from(calls),
        peak_mb: program.peak_mb(),
        unknown,
    }
}

/// All visitors at once; returns how many rows of a page were unknown at most.
fn visit(program: &Program, visits: usize) -> usize {
    let visitor = || {
        let mut client = Client::connect(program.address, "/api/shop");
        let unknown = (0..visits).map(|_| {
            let page = client.ask().to_vec();
            String::from_utf8(page)
                .unwrap()
                .matches(r#""stock":null"#)
                .count()
        });
        unknown.max().unwrap()
    };
    thread::scope(|scope| {
        let visitors: Vec<_> = (0..VISITORS).map(|_| scope.spawn(visitor)).collect();
        let unknown = visitors.into_iter().map(|visitor| visitor.join().unwrap());
        unknown.max().unwrap()
    })
}
