//! Whether the cluster's network enforces `NetworkPolicy`s, found out by traffic: the API server takes
//! a policy also where nothing follows from it.

use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::callers::probe;
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

/// What a caller meets at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meeting {
    /// An answer.
    Answer,
    /// A connection that is accepted and comes to nothing: a sidecar took it, and got no further.
    End,
    /// A connection that is refused at once: by the network, or because nobody listens.
    Refusal,
    /// Nothing within the 4 s of a probe.
    Silence,
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

/// What `program`, in a pod's container of that name, meets at `url`.
///
/// # Errors
/// When the pod cannot be asked.
pub(crate) fn met_by(
    namespace: &str,
    pod: &str,
    program: &str,
    url: &str,
) -> anyhow::Result<Meeting> {
    Meeting::of(&probe(namespace, pod, program, &[url]))
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
            caller: address(&get(&["pod", CALLER, "-n", NAMESPACE])?)?,
            called: address(&get(&["pod", CALLED, "-n", NAMESPACE])?)?,
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

impl Meeting {
    /// Reads the line that `probe` writes.
    ///
    /// # Errors
    /// When it tells of something else, such as a pod that has gone.
    fn of(line: &str) -> anyhow::Result<Self> {
        const ENDS: [&str; 4] = [
            "reset by peer",
            "closed before",
            "closed connection",
            " eof",
        ];
        const REFUSALS: [&str; 3] = ["Connection refused", "unreachable", "No route"];
        const SILENCES: [&str; 2] = ["timed out", "deadline has elapsed"];
        let says = |words: &[&str]| words.iter().any(|word| line.contains(word));
        let first = line.split(' ').next().unwrap_or_default();
        Ok(match first.parse::<u16>() {
            // A sidecar's own word for a connection that it could not make.
            Ok(502..=504) => Self::End,
            Ok(_) => Self::Answer,
            Err(_) if line.starts_with("PostgreSQL answers") => Self::Answer,
            Err(_) if says(&SILENCES) => Self::Silence,
            Err(_) if says(&REFUSALS) => Self::Refusal,
            Err(_) if says(&ENDS) => Self::End,
            Err(_) => bail!("a call inside the cluster could not be made: {line}"),
        })
    }
}

impl fmt::Display for Meeting {
    /// What the port does, as the end of a sentence.
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Answer => "answers",
            Self::End => "comes to nothing behind the sidecar",
            Self::Refusal => "refuses at once",
            Self::Silence => "lets the caller wait",
        })
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

/// An address and a port as a URL has them, where an IPv6 address stands in brackets
/// (<https://www.rfc-editor.org/rfc/rfc3986>, section 3.2.2).
pub(crate) fn authority(address: &str, port: u16) -> String {
    if address.contains(':') {
        format!("[{address}]:{port}")
    } else {
        format!("{address}:{port}")
    }
}

/// The address of a pod.
///
/// # Errors
/// When it has none.
pub(crate) fn address(pod: &Value) -> anyhow::Result<String> {
    let address = pod["status"]["podIP"].as_str();
    address.map(str::to_owned).context("a pod has no address")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_that_refuses_or_drops_is_told_from_a_sidecar_that_ends_a_connection() {
        for (line, expected) in [
            ("200 OK in 1.2ms", Meeting::Answer),
            ("404 Not Found in 1.2ms", Meeting::Answer),
            ("PostgreSQL answers in 1.2ms", Meeting::Answer),
            (
                "503 Service Unavailable upstream connect error in 1ms",
                Meeting::End,
            ),
            (
                "no answer: Connection reset by peer (os error 104)",
                Meeting::End,
            ),
            ("refused: early eof in 1.2ms", Meeting::End),
            (
                "no answer: Connection refused (os error 111)",
                Meeting::Refusal,
            ),
            (
                "no answer: No route to host (os error 113)",
                Meeting::Refusal,
            ),
            ("no answer: operation timed out", Meeting::Silence),
            ("no answer: deadline has elapsed", Meeting::Silence),
        ] {
            assert_eq!(Meeting::of(line).ok(), Some(expected), "{line}");
        }
        let gone = "Error from server (NotFound): pods \"policy-caller\" not found";
        assert!(Meeting::of(gone).is_err());
    }
}
