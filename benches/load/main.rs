//! Time, CPU and memory of the released programs, beside axum alone, under load.
//!
//! All that is compared runs in turn, several rounds long, so that what else the machine does meets
//! all alike.
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

mod memory;
mod page;
mod program;
mod rounds;
mod start;
mod wrk;

use benches::ours::database;

fn main() {
    let database = database();
    rounds::stock(&database);
    rounds::products(&database);
    rounds::page();
    memory::print(&database);
    start::print(&database);
    page::print();
}
