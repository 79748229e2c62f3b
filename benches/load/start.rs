//! What a start costs.

use benches::client::Client;
use testkit::database::{TestDatabase, api_flags};

use crate::program::Program;
use crate::rounds::middle;

const STARTS: usize = 11;

/// Prints the CPU time from the start to the first answer of the database.
pub(crate) fn print(database: &TestDatabase) {
    let flags = api_flags(&database.shop.products_url, &["--log=warn"]);
    let starts = (0..STARTS).map(|_| {
        let program = Program::traced("products-api", "products-api", &flags);
        Client::connect(program.address, "/products").ask();
        program.cpu_us() / 1e3
    });
    let cpu = middle(starts);
    chassis::say!("\nCPU from start to the first database answer: {cpu:.1} ms").unwrap();
}
