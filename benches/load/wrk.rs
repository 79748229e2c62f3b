//! The load: `wrk` asks on 64 connections, as fast as it is answered, and needs little CPU for it.

use std::process::Command;

use crate::program::Program;

/// What a run of `wrk` found out.
pub(crate) struct Load {
    pub(crate) requests: f64,
    pub(crate) requests_per_second: f64,
    /// Half of the answers took no longer than this many milliseconds.
    pub(crate) p50_ms: f64,
}

/// Asks for `path` for so many seconds; each answer must be a success.
pub(crate) fn load(program: &Program, path: &str, seconds: u32) -> Load {
    let url = format!("http://{}{path}", program.address);
    let wrk = Command::new("wrk")
        .args(["--threads=1", "--connections=64", "--latency"])
        .args([&format!("--duration={seconds}s"), &url])
        .output()
        .expect("wrk, a package of Debian");
    let report = String::from_utf8(wrk.stdout).unwrap();
    let has_failed = report.contains("Non-2xx") || report.contains("Socket errors");
    assert!(!has_failed, "{}: {report}", program.name);
    let line = |wanted: fn(&str) -> Option<&str>| {
        let found = report.lines().find_map(|line| wanted(line.trim()));
        found.unwrap_or_else(|| panic!("{report}")).trim()
    };
    let requests = line(|line| Some(line.split_once(" requests in ")?.0));
    let requests_per_second = line(|line| line.strip_prefix("Requests/sec:"));
    let p50 = line(|line| line.strip_prefix("50%"));
    Load {
        requests: requests.parse().unwrap(),
        requests_per_second: requests_per_second.parse().unwrap(),
        p50_ms: milliseconds(p50),
    }
}

/// A time in the words of `wrk`, such as `3.94ms`.
fn milliseconds(text: &str) -> f64 {
    let number = text.trim_end_matches(char::is_alphabetic);
    let number: f64 = number.parse().unwrap();
    match &text[text.len() - 2..] {
        "us" => number / 1e3,
        "ms" => number,
        _ => number * 1e3,
    }
}
