//! The `widgetario` command again: cargo tells a package's tests where that package's own programs
//! are, and no other's.

use std::process::ExitCode;

fn main() -> ExitCode {
    widgetario::main()
}
