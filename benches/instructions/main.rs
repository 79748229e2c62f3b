//! Instructions of requests, counted by callgrind.
#![expect(unreachable_pub, reason = "what gungraun's macros make is public")]

mod measure;
mod stock;

use stock::stock_group;

gungraun::main!(library_benchmark_groups = stock_group);
