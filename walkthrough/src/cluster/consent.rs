//! Permission to change a cluster: a laptop's may be changed; any other must be named by the user.

use anyhow::bail;
use clap::Args;

use super::kubectl::{kubectl, stay_in};

/// The contexts of clusters that live on a laptop: changing one of them harms nobody else. When an
/// entry ends in a hyphen, a name that the user chose follows.
const LAPTOPS: [&str; 8] = [
    "docker-desktop",
    "kind-",
    "minikube",
    "rancher-desktop",
    "orbstack",
    "k3d-",
    "colima",
    "colima-",
];

/// Permission to change the cluster of `kubectl`.
#[derive(Args)]
pub(crate) struct Consent {
    /// kubectl's current context, when it is no laptop's cluster
    #[arg(long)]
    context: Option<String>,
}

impl Consent {
    /// Checks that the current context is a laptop's, or the one that the user named, and returns
    /// it. All later commands use this context.
    ///
    /// # Errors
    /// When it is neither.
    pub(crate) fn check(&self) -> anyhow::Result<&'static str> {
        let context = kubectl(&["config", "current-context"])?.trim().to_owned();
        match &self.context {
            Some(named) if *named != context => {
                bail!(
                    "kubectl's context is {context}, not {named}: `kubectl config use-context {named}`"
                )
            }
            None if !is_laptop(&context) => bail!(
                "kubectl's context is {context}, which is no laptop's: this would change that cluster; \
                 to do so, add `--context {context}`"
            ),
            _ => Ok(stay_in(context)),
        }
    }
}

fn is_laptop(context: &str) -> bool {
    LAPTOPS
        .iter()
        .any(|laptop| context == *laptop || (laptop.ends_with('-') && context.starts_with(laptop)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_laptops_context_needs_no_consent() {
        for laptop in [
            "docker-desktop",
            "kind-widgetario",
            "minikube",
            "k3d-shop",
            "colima",
            "colima-shop",
        ] {
            assert!(is_laptop(laptop), "{laptop}");
        }
        for other in [
            "prod",
            "docker-desktop-prod",
            "minikube.example.com",
            "my-kind-cluster",
            "colimas",
        ] {
            assert!(!is_laptop(other), "{other}");
        }
    }
}
