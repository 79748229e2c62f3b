//! Waiting for what happens in another process.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Waits until `condition` holds, for 30 s at most; `what` names the condition in the message of a
/// test that waited in vain.
#[track_caller]
pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within 30 s");
        sleep(Duration::from_millis(10));
    }
}
