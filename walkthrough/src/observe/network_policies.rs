//! Whether the cluster's network enforces `NetworkPolicy`s, found out by traffic: the API server takes
//! a policy also where nothing follows from it.

use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};

use super::address::{authority, of_pod};
use super::meeting::{Meeting, met_by};
use super::probe_pods::{NAMESPACE, ProbePods, pod};
use crate::cluster::kubectl::get;

/// A port of health and metrics, which the shop's policy and that of the measurement open.
pub(crate) const OPEN: u16 = 9090;

/// A port that neither of them opens.
pub(crate) const CLOSED: u16 = 8081;

/// How long a network may need to learn of a new policy or pod: in general less than a second.
const POLICY_DELAY: Duration = Duration::from_secs(10);

/// The pod that asks and may be asked: it is outside of the shop and of the mesh, and no policy is
/// about it.
const CALLER: &str = "policy-caller";

/// The pod that is asked: the policy of the measurement is about it.
const CALLED: &str = "policy-called";

/// What a network does at a port that a policy closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enforcement {
    /// It refuses a caller at once.
    Refuses,
    /// It drops what a caller sends, so that the caller waits.
    Drops,
    /// Nothing: it does not enforce policies.
    Nothing,
}

/// Two pods that listen on the ports [`OPEN`] and [`CLOSED`], and a policy for one of them.
pub(crate) struct PolicyPods {
    caller: String,
    called: String,
    _pods: ProbePods,
}

/// What the network does at a port that a policy closes. For some seconds there are two pods in the
/// namespace `default`, which run `image`, that of web.
///
/// # Errors
/// See [`PolicyPods::start`] and [`PolicyPods::enforcement`].
pub(crate) fn enforcement(image: &str) -> anyhow::Result<Enforcement> {
    PolicyPods::start(image)?.enforcement()
}

/// Asks until the result is the `expected` one, for as long as a network may need to learn of a policy.
///
/// # Errors
/// When `ask` fails.
pub(crate) fn settled(
    expected: impl Fn(Meeting) -> bool,
    ask: impl Fn() -> anyhow::Result<Meeting>,
) -> anyhow::Result<Meeting> {
    let begin = Instant::now();
    loop {
        let meeting = ask()?;
        if expected(meeting) || begin.elapsed() > POLICY_DELAY {
            return Ok(meeting);
        }
        sleep(Duration::from_millis(500));
    }
}

impl PolicyPods {
    /// Starts the pods with `image`, that of web.
    ///
    /// # Errors
    /// When the cluster refuses them, or they are not ready within 90 s.
    pub(crate) fn start(image: &str) -> anyhow::Result<Self> {
        let listeners = [CALLER, CALLED].map(|name| listener(name, image));
        let pods = ProbePods::of("policies", [&[policy()], &listeners[..]].concat())?;
        Ok(Self {
            caller: of_pod(&get(&["pod", CALLER, "-n", NAMESPACE])?)?,
            called: of_pod(&get(&["pod", CALLED, "-n", NAMESPACE])?)?,
            _pods: pods,
        })
    }

    /// What the network does at the port that the policy of the measurement closes.
    ///
    /// # Errors
    /// When the network carries nothing between the two pods, whatever the policy says.
    pub(crate) fn enforcement(&self) -> anyhow::Result<Enforcement> {
        let answers = |meeting| meeting == Meeting::Answer;
        let itself = || met_by(NAMESPACE, CALLED, "web", &health("localhost", CLOSED));
        let other = || self.met_at(&health(&self.called, OPEN));
        ensure!(
            answers(settled(answers, itself)?) && answers(settled(answers, other)?),
            "one pod does not reach another, not even at a port that is open to all: does this \
             cluster's network work?"
        );
        let closed = || {
            let url = health(&self.called, CLOSED);
            // On a busy machine, a single call may time out for another reason.
            Ok(self.met_at(&url)?.min(self.met_at(&url)?))
        };
        Ok(
            match settled(|meeting| meeting >= Meeting::Refusal, closed)? {
                Meeting::Refusal => Enforcement::Refuses,
                Meeting::Silence => Enforcement::Drops,
                Meeting::Answer | Meeting::End => Enforcement::Nothing,
            },
        )
    }

    /// What a caller from outside of the shop and of the mesh meets at `url`.
    ///
    /// # Errors
    /// When the pod cannot be asked.
    #[expect(clippy::unused_self, reason = "the caller is there as long as this is")]
    pub(crate) fn met_at(&self, url: &str) -> anyhow::Result<Meeting> {
        met_by(NAMESPACE, CALLER, "web", url)
    }

    /// The address of a pod that listens on both ports, and that no policy is about.
    pub(crate) fn listener(&self) -> &str {
        &self.caller
    }
}

impl Enforcement {
    /// Whether a policy has an effect.
    pub(crate) fn is_enforced(self) -> bool {
        self != Self::Nothing
    }
}

impl fmt::Display for Enforcement {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Refuses => "enforced: a closed port refuses a caller at once",
            Self::Drops => "enforced: a closed port lets a caller wait",
            Self::Nothing => "not enforced: a port that a policy closes answers",
        })
    }
}

/// Where a pod at `address` tells of its health on `port`, or, on its other port, that it knows no
/// such path.
pub(crate) fn health(address: &str, port: u16) -> String {
    format!("http://{}/livez", authority(address, port))
}

/// A pod without a sidecar, so that the network alone decides.
fn listener(name: &str, image: &str) -> Value {
    let mut pod = pod(name, "false", image);
    pod["spec"]["containers"][0]["env"] = json!([
        { "name": "PORT", "value": CLOSED.to_string() },
        { "name": "MANAGEMENT_PORT", "value": OPEN.to_string() },
    ]);
    pod
}

/// Closes all ports of the called pod but one.
fn policy() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": { "name": CALLED, "namespace": NAMESPACE },
        "spec": {
            "podSelector": { "matchLabels": { "app": CALLED } },
            "policyTypes": ["Ingress"],
            "ingress": [{ "ports": [{ "port": OPEN }] }],
        },
    })
}
