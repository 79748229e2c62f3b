//! What an image is known by.

/// The digests by which an engine or a node knows an image. Docker's classic store knows the digest of
/// the configuration; the store of containerd knows an index or a manifest; most nodes know both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ids {
    pub(super) configurations: Vec<String>,
    /// Those of indexes and of manifests: of all platforms, and of one.
    pub(super) manifests: Vec<String>,
}

impl Ids {
    /// Whether both are the same image; nothing when they know no digests of the same kind.
    pub(super) fn are_of_one_image(&self, other: &Self) -> Option<bool> {
        let kinds = [
            (&self.configurations, &other.configurations),
            (&self.manifests, &other.manifests),
        ];
        let mut known = kinds
            .iter()
            .filter(|(some, others)| !some.is_empty() && !others.is_empty());
        let is_common = |(some, others): &(&Vec<String>, &Vec<String>)| {
            some.iter().any(|digest| others.contains(digest))
        };
        let is_any_known = known.clone().next().is_some();
        is_any_known.then(|| known.any(is_common))
    }

    /// All digests, of both kinds.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let all = self.configurations.iter().chain(&self.manifests);
        all.map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(configurations: &[&str], manifests: &[&str]) -> Ids {
        let owned = |digests: &[&str]| digests.iter().map(|digest| (*digest).to_owned()).collect();
        Ids {
            configurations: owned(configurations),
            manifests: owned(manifests),
        }
    }

    #[test]
    fn images_are_compared_by_digests_of_the_same_kind() {
        let node = ids(&["c"], &["m"]);
        assert_eq!(ids(&["c"], &[]).are_of_one_image(&node), Some(true));
        assert_eq!(ids(&["d"], &[]).are_of_one_image(&node), Some(false));
        assert_eq!(ids(&[], &["i", "m"]).are_of_one_image(&node), Some(true));
        assert_eq!(ids(&[], &["i"]).are_of_one_image(&node), Some(false));
        assert_eq!(ids(&[], &["i"]).are_of_one_image(&ids(&["c"], &[])), None);
        assert_eq!(ids(&["c"], &[]).are_of_one_image(&Ids::default()), None);
    }
}
