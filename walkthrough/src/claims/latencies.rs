//! How long requests took, as percentiles.

use std::fmt;

/// Latencies in milliseconds, the shortest first.
pub(super) struct Latencies(Vec<f64>);

impl Latencies {
    /// The value below which `percent` of them are; 0 when there is none.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let place = self.0.len().saturating_sub(1) * percent / 100;
        self.0.get(place).copied().unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<f64> for Latencies {
    fn from_iter<I: IntoIterator<Item = f64>>(milliseconds: I) -> Self {
        let mut milliseconds: Vec<f64> = milliseconds.into_iter().collect();
        milliseconds.sort_by(f64::total_cmp);
        Self(milliseconds)
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (half, most) = (self.percentile(50), self.percentile(99));
        write!(formatter, "p50 {half:.0} ms, p99 {most:.0} ms")
    }
}
