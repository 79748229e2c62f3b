//! Waits for changes that take a cluster some time.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Between two questions. A question itself takes about as long.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks again and again until there is an answer, for 40 s at most: images must be pulled, and
/// Prometheus scrapes only every few seconds.
///
/// # Errors
/// When `ask` fails.
pub(crate) fn eventually<T>(
    ask: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    within(Duration::from_secs(40), ask)
}

/// Asks again and again until there is an answer, for `limit` at most.
///
/// # Errors
/// When `ask` fails.
pub(crate) fn within<T>(
    limit: Duration,
    mut ask: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    let begin = Instant::now();
    loop {
        let answer = ask()?;
        if answer.is_some() || begin.elapsed() > limit {
            return Ok(answer);
        }
        sleep(PAUSE);
    }
}

/// Waits until `condition` holds, for 15 s at most. The measurement afterwards shows whether it
/// does.
pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() && begin.elapsed() < Duration::from_secs(15) {
        sleep(PAUSE);
    }
}
