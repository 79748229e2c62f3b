//! The web service; `--help` lists its settings.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::main("web", web::serve)
}
