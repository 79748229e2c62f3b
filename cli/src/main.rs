//! The `widgetario` command; `--help` lists what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    widgetario::main()
}
