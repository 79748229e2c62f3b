//! Durations as people and headers read them.

use std::time::Duration;

/// A duration in milliseconds, rounded to hundredths.
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 1e2
}
