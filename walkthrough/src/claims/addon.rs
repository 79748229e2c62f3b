//! The parts that a cluster may be unable to run, and claims about them.

use clap::ValueEnum;

use super::claim::Claim;

/// The parts that neither the shop nor its measurements need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Addon {
    Kiali,
    Grafana,
    /// Istio's CNI agent and ztunnel: without them, stages that need them are not run
    Ambient,
}

impl Addon {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kiali => "kiali",
            Self::Grafana => "grafana",
            Self::Ambient => "ambient",
        }
    }

    /// A claim about what the add-on shows. It is not proven when the user went `without` the
    /// add-on; otherwise `look` judges it, and returns whether it holds, and the evidence.
    pub(super) fn claim(
        self,
        without: &[Self],
        text: &str,
        look: impl FnOnce() -> anyhow::Result<(bool, String)>,
    ) -> Claim {
        if without.contains(&self) {
            return Claim::not_proven(text, self.left_out());
        }
        match look() {
            Ok((holds, evidence)) => Claim::new(text, holds, evidence),
            Err(error) => Claim::new(text, false, format!("{error:#}; {}", self.remedy())),
        }
    }

    /// How to prove the claims about it when the user left it out.
    pub(crate) fn left_out(self) -> String {
        if self == Self::Ambient {
            return "left out by `--without ambient`; docs/kubernetes.md says which clusters run it".into();
        }
        let name = self.name();
        format!(
            "left out by `--without {name}`; to prove it, verify without that where \
             `kubectl rollout status deployment/{name} -n istio-system` succeeds"
        )
    }

    /// How to prove the claims about it when it does not answer.
    pub(super) fn remedy(self) -> String {
        let name = self.name();
        format!(
            "to prove this, {name} must run: `kubectl describe pods -n istio-system` says why it does \
             not, mostly an image that could not be pulled; `--without {name}` leaves it out"
        )
    }
}
