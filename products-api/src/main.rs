//! The products-api service; `--help` lists its settings.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::main("products-api", products_api::serve)
}
