//! Which versions of Kubernetes each version of Istio supports.

use std::ops::RangeInclusive;

/// The minor versions of Istio, the oldest first, each with those of Kubernetes that it supports, from
/// <https://istio.io/latest/docs/releases/supported-releases/#support-status-of-istio-releases>.
///
/// The row of 1.31 is that table's row `master` of summer 2026, from which 1.31 was made; its
/// `istioctl` has the same minimum.
static SUPPORTED: [(u32, RangeInclusive<u32>); 1] = [(31, 32..=36)];

/// What is known of an Istio and a Kubernetes together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Supported,
    /// The Kubernetes is newer, or the Istio; in general that works.
    Newer,
    /// The Kubernetes is older than what this Istio supports.
    TooOld,
}

/// The oldest Istio of the walkthrough.
pub(super) fn oldest() -> u32 {
    SUPPORTED[0].0
}

/// The row of the Istio of this minor version, or else of the newest before it: its own minor version,
/// and those of Kubernetes that it supports.
pub(super) fn row(istio: u32) -> &'static (u32, RangeInclusive<u32>) {
    let mut newest_first = SUPPORTED.iter().rev();
    newest_first
        .find(|(known, _)| *known <= istio)
        .unwrap_or(&SUPPORTED[0])
}

/// Whether an Istio supports a Kubernetes, by their minor versions.
pub(super) fn fit(istio: u32, kubernetes: u32) -> Fit {
    let (known, range) = row(istio);
    if kubernetes < *range.start() {
        Fit::TooOld
    } else if *known == istio && range.contains(&kubernetes) {
        Fit::Supported
    } else {
        Fit::Newer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_table_does_not_know_yet_is_newer_and_no_obstacle() {
        assert_eq!(fit(31, 31), Fit::TooOld);
        assert_eq!(fit(31, 32), Fit::Supported);
        assert_eq!(fit(31, 36), Fit::Supported);
        assert_eq!(fit(31, 37), Fit::Newer);
        assert_eq!(fit(33, 36), Fit::Newer);
        assert_eq!(fit(33, 31), Fit::TooOld);
    }
}
