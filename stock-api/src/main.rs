//! The stock-api service; `--help` lists its settings.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::main("stock-api", stock_api::serve)
}
