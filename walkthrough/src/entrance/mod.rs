//! The addresses at which visitors reach the shop and Istio's ingress gateway: localhost where the
//! cluster offers a Service of type `LoadBalancer` there, and else a port-forward of this program, for
//! as long as it works.
//!
//! `service` is one of the two entrances. `answer` tells who answers at an address, `forward`
//! opens a port-forward, `relay` is where it enters the cluster, and `supervisor` is the process
//! that keeps it open.

mod answer;
mod forward;
mod relay;
mod service;
mod supervisor;

use chassis::OutputError;

pub use self::supervisor::{Options, run as supervise};

use self::service::Entrance;
use crate::cluster::{MESH, SHOP};
use crate::prose::Prose;

/// The command that opens the shop's page by hand.
pub(crate) const SHOP_BY_HAND: &str =
    "kubectl port-forward -n widgetario service/widgetario-web 8010:8010";

/// What is at the usual address of an entrance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The cluster has no such Service yet.
    NoService,
    /// The Service has no pod that is ready.
    NoPods,
    /// The shop, or the mesh in its place.
    Ours,
    /// Another program.
    Stranger,
    /// Nobody answers.
    Silent,
}

/// The entrances of the shop.
pub(crate) struct Entrances {
    shop: Entrance,
    gateway: Entrance,
    prose: Prose,
}

impl Entrances {
    /// The entrances, each at the address that the user gave, or at its usual one.
    pub(crate) fn new(shop: Option<&str>, gateway: Option<&str>, prose: Prose) -> Self {
        let shop = Entrance::new("shop", SHOP, "widgetario-web", "app=web", 8010, shop);
        let ingress = "istio-ingressgateway";
        let label = "istio=ingressgateway";
        let gateway = Entrance::new("gateway", MESH, ingress, label, 80, gateway);
        Self {
            shop,
            gateway,
            prose,
        }
    }

    /// Where the shop answers.
    pub(crate) fn shop(&self) -> &str {
        &self.shop.url
    }

    /// Where the ingress gateway answers.
    pub(crate) fn gateway(&self) -> &str {
        &self.gateway.url
    }

    /// What is at the shop's address.
    pub(crate) fn found_shop(&self) -> Found {
        self.shop.found()
    }

    /// What is at the ingress gateway's address.
    pub(crate) fn found_gateway(&self) -> Found {
        self.gateway.found()
    }

    /// Opens a port-forward to the shop if it runs, but does not answer at its address. Returns whether
    /// the address has changed.
    ///
    /// # Errors
    /// When nobody reads what is written.
    pub(crate) fn open_shop(&mut self) -> Result<bool, OutputError> {
        self.shop.open(self.prose)
    }

    /// Does the same for each entrance that the words of a command name.
    ///
    /// # Errors
    /// See [`Entrances::open_shop`].
    pub(crate) fn open_named(&mut self, words: &[String]) -> Result<bool, OutputError> {
        let mut has_changed = false;
        for entrance in [&mut self.shop, &mut self.gateway] {
            if words.iter().any(|word| entrance.is_named(word)) {
                has_changed |= entrance.open(self.prose)?;
            }
        }
        Ok(has_changed)
    }

    /// The words of a command, led to the ports where the entrances are now.
    pub(crate) fn led(&self, words: &[String]) -> Vec<String> {
        let led = |word: &String| self.gateway.led(&self.shop.led(word));
        words.iter().map(led).collect()
    }

    /// How often a port-forward was interrupted.
    pub(crate) fn interruptions(&self) -> usize {
        self.shop.interruptions() + self.gateway.interruptions()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_names_the_entrance_that_it_needs() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let entrances = Entrances::new(None, None, Prose { beside_json: true });
        let named = |text: &str| {
            let is_named =
                |entrance: &Entrance| words(text).iter().any(|word| entrance.is_named(word));
            (is_named(&entrances.shop), is_named(&entrances.gateway))
        };
        assert_eq!(named("curl http://localhost:8010/api/shop"), (true, false));
        assert_eq!(
            named("load -t 10s http://host.docker.internal:8010/"),
            (true, false)
        );
        assert_eq!(
            named("curl --include http://localhost/products"),
            (false, true)
        );
        assert_eq!(named("curl http://localhost:8010"), (true, false));
        assert_eq!(named("curl http://localhost"), (false, true));
        assert_eq!(named("curl http://localhost:80101/"), (false, false));
        assert_eq!(named("kubectl get pods"), (false, false));
    }
}
