//! Whether the ports of localhost that visitors use are the shop's and the gateway's, or free for them.

use super::Finding;
use crate::cluster::distribution::Distribution;
use crate::entrance::{Entrances, Found, SHOP_BY_HAND};
use crate::port;
use crate::prose::Prose;

/// The shop's port, 8010, of a cluster that `distribution` made.
pub(super) fn shop(distribution: Distribution) -> Finding {
    let found = entrances().found_shop();
    finding(distribution, 8010, found, "the shop answers", SHOP_BY_HAND)
}

/// The port of Istio's ingress gateway, 80.
pub(super) fn gateway(distribution: Distribution) -> Finding {
    let found = entrances().found_gateway();
    let by_hand = "kubectl port-forward -n istio-system service/istio-ingressgateway 8080:80";
    finding(distribution, 80, found, "the gateway answers", by_hand)
}

/// A port is free for the cluster.
pub(super) fn free(port: u16) -> Finding {
    match port::check(port) {
        Ok(()) => Finding::Fine("free".into()),
        Err(obstacle) => Finding::Mend(obstacle.to_string()),
    }
}

fn entrances() -> Entrances {
    Entrances::new(None, None, Prose { beside_json: false })
}

fn finding(
    distribution: Distribution,
    port: u16,
    found: Found,
    answers: &str,
    by_hand: &str,
) -> Finding {
    let may_be_its_own = matches!(distribution, Distribution::K3d | Distribution::Kind);
    match found {
        Found::NoService if may_be_its_own && port::check(port).is_err() => Finding::Later(
            "a program has it: right if it is the cluster's own load balancer, and else to be stopped"
                .into(),
        ),
        Found::NoService => free(port),
        Found::Ours => Finding::Fine(answers.into()),
        Found::Stranger => Finding::Mend(port::Obstacle::Taken(port).to_string()),
        Found::NoPods => Finding::Later("its pods are not ready".into()),
        // The gateway opens the port at that stage.
        Found::Silent if port == 80 => Finding::Later(format!(
            "nothing answers there, which is right before demo4/ingress; after it, `widgetario run` and \
             `verify` open a port-forward by themselves, and `{by_hand}` opens one by hand"
        )),
        Found::Silent => Finding::Later(format!(
            "nothing answers there; `widgetario run` and `verify` open a port-forward by themselves, and \
             `{by_hand}` opens one by hand"
        )),
    }
}
