//! Instructions of requests, counted by callgrind.
#![expect(
    unreachable_pub,
    clippy::unnecessary_wraps,
    reason = "gungraun's macros make such functions"
)]
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

mod measure;
mod page;
mod products;
mod propagators;
mod stock;

use gungraun::main;
use page::page_group;
use products::products_group;
use propagators::propagators_group;
use stock::stock_group;

main!(
    library_benchmark_groups = stock_group,
    products_group,
    page_group,
    propagators_group
);
