//! Durations as people and settings write them.

use std::time::Duration;

/// A duration in milliseconds, rounded to hundredths.
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 1e2
}

/// Reads a number of seconds, fractions included, from `MIN_MS` to `MAX_MS` milliseconds (a clap
/// value parser).
///
/// # Errors
/// A phrase that says what is allowed.
pub fn seconds<const MIN_MS: u64, const MAX_MS: u64>(text: &str) -> Result<Duration, String> {
    let (min, max) = (Duration::from_millis(MIN_MS), Duration::from_millis(MAX_MS));
    let number = text.parse::<f64>().ok();
    let duration = number.and_then(|number| Duration::try_from_secs_f64(number).ok());
    duration
        .filter(|duration| (min..=max).contains(duration))
        .ok_or_else(|| {
            let (min, max) = (min.as_secs_f64(), max.as_secs_f64());
            format!("a number of seconds from {min} to {max}")
        })
}
