//! A process beside the service that is measured, so that what it costs is not counted there. It
//! ends when its standard input does.
//!
//! | command | what it is |
//! | --- | --- |
//! | `peer client ADDRESS PATH` | makes as many requests as each line of standard input says |
//! | `peer collector` | takes all that is sent to it |

mod client;
mod stand_in;

use std::env;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["client", address, path] => client::run(address, path),
        ["collector"] => stand_in::run(stand_in::collector()),
        _ => panic!("unknown arguments: {arguments:?}"),
    }
}
