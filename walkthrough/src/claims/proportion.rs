//! Judges a share by a confidence interval, not by luck.

use super::claim::Claim;

/// The quantile of the normal distribution that leaves 1 % outside.
const Z: f64 = 2.575_829;
/// At most half the width of an interval, as a share.
const PRECISION: f64 = 0.04;

/// How many of the counted cases are hits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) hits: usize,
    /// How many cases were counted.
    pub(super) total: usize,
}

impl Share {
    /// Counts `cases`, and the hits among them.
    pub(super) fn count<T>(
        cases: impl IntoIterator<Item = T>,
        is_hit: impl Fn(&T) -> bool,
    ) -> Self {
        let mut share = Self { hits: 0, total: 0 };
        for case in cases {
            share.total += 1;
            share.hits += usize::from(is_hit(&case));
        }
        share
    }

    /// Wilson's score interval at 99 %
    /// (<https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval>).
    pub(super) fn interval(self) -> (f64, f64) {
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let (hits, n) = (self.hits as f64, (self.total as f64).max(1.0));
        let (share, z2) = (hits / n, Z * Z);
        let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }

    /// Whether `expected` is in the interval.
    fn fits(self, expected: f64) -> bool {
        let (low, high) = self.interval();
        self.total > 0 && (low..=high).contains(&expected)
    }

    pub(super) fn evidence(self) -> String {
        let (low, high) = self.interval();
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let share = 100.0 * self.hits as f64 / (self.total as f64).max(1.0);
        let (low, high) = (100.0 * low, 100.0 * high);
        format!(
            "{share:.1} % of {} (99 % interval {low:.1} to {high:.1})",
            self.total
        )
    }
}

/// How many cases make the interval around `expected` at most ± 4 points wide.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 100 and 1037"
)]
pub(super) fn sample_size(expected: f64) -> usize {
    let n = Z * Z * expected * (1.0 - expected) / (PRECISION * PRECISION);
    (n.ceil() as usize).max(100)
}

/// Judges whether a share is `expected`, after `count` has counted `n` cases. If the share misses,
/// four times as many cases decide, because one of a hundred true claims misses the first time.
pub(super) fn judge(
    text: impl Into<String>,
    expected: f64,
    n: usize,
    mut count: impl FnMut(usize) -> Share,
) -> Claim {
    let mut share = count(n);
    let mut evidence = share.evidence();
    if !share.fits(expected) {
        share = count(4 * n);
        evidence = format!("{}; before: {evidence}", share.evidence());
    }
    Claim::new(text, share.fits(expected), evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::claim::Verdict;

    #[test]
    fn interval_is_wilsons() {
        // R: binom::binom.wilson(25, 100, conf.level = 0.99)
        let (low, high) = Share {
            hits: 25,
            total: 100,
        }
        .interval();
        assert!((low - 0.156_6).abs() < 0.001, "{low}");
        assert!((high - 0.374_5).abs() < 0.001, "{high}");
        assert!(Share { hits: 0, total: 50 }.interval().0 < 1e-12);
    }

    #[test]
    fn enough_is_within_four_points() {
        for expected in [0.2, 0.25, 0.5, 0.59, 0.7] {
            let total = sample_size(expected);
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a small count"
            )]
            let hits = (expected * total as f64) as usize;
            let (low, high) = Share { hits, total }.interval();
            assert!(high - low <= 0.081, "{expected}");
        }
    }

    #[test]
    fn wrong_weight_is_seen_and_a_right_one_gets_a_second_chance() {
        let claim = |shares: [usize; 2]| {
            let mut shares = shares.into_iter();
            judge("", 0.25, 800, |total| Share {
                hits: shares.next().unwrap_or_default() * total / 100,
                total,
            })
            .verdict
        };
        assert_eq!(claim([40, 40]), Verdict::Fails);
        assert_eq!(claim([30, 25]), Verdict::Holds);
        assert_eq!(claim([25, 99]), Verdict::Holds);
    }
}
