//! Claims that the shop's `NetworkPolicy` closes the ports that it does not list, where the cluster's
//! network enforces policies.

use std::collections::BTreeSet;

use serde_json::Value;

use super::claim::{Claim, abridged};
use crate::cluster::{SHOP, pods};
use crate::observe::address::{authority, of_pod};
use crate::observe::meeting::{Meeting, met_by};
use crate::observe::network_policies::{CLOSED, Enforcement, OPEN, PolicyPods, health, settled};
use crate::observe::probe_pods::web_image;
use crate::parallel::parallel;

/// A direction of the policy.
struct Direction {
    /// The port that it must close.
    text: &'static str,
    /// What it means for a port to be tried in this direction, before a number of pods.
    of: &'static str,
    /// The first of the meetings that tell of a closed port. The sidecar of each pod accepts
    /// connections to and from every port, and ends those with which it gets no further.
    closed: Meeting,
}

const INGRESS: Direction = Direction {
    text: "a port of the shop's pods that their NetworkPolicy does not list",
    of: "at",
    closed: Meeting::Refusal,
};

const EGRESS: Direction = Direction {
    text: "for the shop's services, such a port of another pod",
    of: "for",
    closed: Meeting::End,
};

/// What was met at a pod of the shop, or by one.
struct Tried {
    pod: String,
    /// At a port that the policy lists.
    open: Meeting,
    /// At a port that it does not list.
    closed: Meeting,
}

/// Tries a port that the policy lists, and one that it does not, in both directions.
pub(super) fn ports() -> anyhow::Result<Vec<Claim>> {
    let probe = PolicyPods::start(&web_image()?)?;
    let enforcement = probe.enforcement()?;
    let at_pod = |pod: &Value, port| {
        let address = of_pod(pod)?;
        probe.met_at(&match (app(pod), port) {
            ("products-db", OPEN) => format!("postgres://{}", authority(&address, 5432)),
            _ => health(&address, port),
        })
    };
    let from_pod = |pod: &Value, port| {
        let url = health(probe.listener(), port);
        met_by(SHOP, name(pod), app(pod), &url)
    };
    let pods = pods::running()?;
    let (mut services, all) = (pods.clone(), pods);
    // The database's image has no program that calls.
    services.retain(|pod| app(pod) != "products-db");
    Ok(vec![
        INGRESS.claim(enforcement, &INGRESS.tried(&all, enforcement, at_pod)?),
        EGRESS.claim(
            enforcement,
            &EGRESS.tried(&services, enforcement, from_pod)?,
        ),
    ])
}

/// The application of a pod, which is also the name of its container.
fn app(pod: &Value) -> &str {
    let app = pod["metadata"]["labels"]["app"].as_str();
    app.unwrap_or_default()
}

fn name(pod: &Value) -> &str {
    pod["metadata"]["name"].as_str().unwrap_or_default()
}

impl Direction {
    /// Tries both ports with each of `pods`, all at the same time, because a network that drops lets
    /// each of them wait.
    fn tried(
        &self,
        pods: &[Value],
        enforcement: Enforcement,
        meet: impl Fn(&Value, u16) -> anyhow::Result<Meeting> + Sync,
    ) -> anyhow::Result<Vec<Tried>> {
        let both = |pod| {
            let open = settled(|met| met == Meeting::Answer, || meet(pod, OPEN))?;
            let is_right = |met| self.is_right(met, enforcement);
            let closed = settled(is_right, || meet(pod, CLOSED))?;
            let pod = name(pod).to_owned();
            anyhow::Ok(Tried { pod, open, closed })
        };
        parallel(pods.len(), pods, both).into_iter().collect()
    }

    /// Whether this is what must be met at a port that the policy does not list.
    fn is_right(&self, met: Meeting, enforcement: Enforcement) -> bool {
        (met >= self.closed) == enforcement.is_enforced()
    }

    fn claim(&self, enforcement: Enforcement, tried: &[Tried]) -> Claim {
        let is_right = |tried: &&Tried| {
            tried.open == Meeting::Answer && self.is_right(tried.closed, enforcement)
        };
        let (right, wrong): (Vec<_>, Vec<_>) = tried.iter().partition(is_right);
        let met: BTreeSet<Meeting> = right.iter().map(|tried| tried.closed).collect();
        let met: Vec<String> = met.iter().map(Meeting::to_string).collect();
        let seen = (!right.is_empty()).then(|| {
            let (of, met) = (self.of, met.join(", or "));
            format!("{of} {} pods, port {CLOSED} {met}", right.len())
        });
        let wrong = wrong.iter().map(|Tried { pod, open, closed }| {
            format!("{pod}: a listed port {open}, port {CLOSED} {closed}")
        });
        let lines: Vec<String> = seen.into_iter().chain(wrong).collect();
        let verb = if enforcement.is_enforced() {
            "is closed"
        } else {
            "is open, because this cluster does not enforce NetworkPolicies"
        };
        Claim::new(
            format!("{} {verb}", self.text),
            right.len() == tried.len() && !tried.is_empty(),
            abridged(&lines),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::claim::Verdict;

    fn verdict(direction: &Direction, enforcement: Enforcement, met: [Meeting; 2]) -> Verdict {
        let [open, closed] = met;
        let pod = "web".to_owned();
        let tried = [Tried { pod, open, closed }];
        direction.claim(enforcement, &tried).verdict
    }

    #[test]
    fn port_is_closed_where_policies_are_enforced_and_open_where_they_are_not() {
        use Enforcement::{Drops, Nothing, Refuses};
        use Meeting::{Answer, End, Refusal, Silence};
        for (direction, enforcement, met, expected) in [
            (&INGRESS, Refuses, [Answer, Refusal], Verdict::Holds),
            (&INGRESS, Drops, [Answer, Silence], Verdict::Holds),
            // The sidecar took the connection, so the network let it through.
            (&INGRESS, Refuses, [Answer, End], Verdict::Fails),
            (&INGRESS, Refuses, [Refusal, Refusal], Verdict::Fails),
            (&INGRESS, Nothing, [Answer, End], Verdict::Holds),
            (&INGRESS, Nothing, [Answer, Refusal], Verdict::Fails),
            (&EGRESS, Refuses, [Answer, End], Verdict::Holds),
            (&EGRESS, Drops, [Answer, Silence], Verdict::Holds),
            (&EGRESS, Refuses, [Answer, Answer], Verdict::Fails),
            (&EGRESS, Nothing, [Answer, Answer], Verdict::Holds),
        ] {
            let text = direction.text;
            let verdict = verdict(direction, enforcement, met);
            assert_eq!(verdict, expected, "{text}: {enforcement}, {met:?}");
        }
        let nobody = INGRESS.claim(Refuses, &[]);
        assert_eq!(nobody.verdict, Verdict::Fails);
    }
}
