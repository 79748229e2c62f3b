//! What ztunnel tells of the connections that it carries, and of those that it refuses.

use std::time::Instant;

use crate::cluster::kubectl::kubectl;
use crate::cluster::{MESH, SHOP};

/// The `PromQL` of the bytes that ztunnel carried in mutual TLS, from pods of the shop that run as the
/// service account `source` to pods of the app `destination`: they are counted while a connection lasts.
pub(crate) fn bytes(source: &str, destination: &str) -> String {
    format!(
        "sum(istio_tcp_sent_bytes_total{{pod=~\"ztunnel-.+\",connection_security_policy=\"mutual_tls\",\
         source_principal=\"spiffe://cluster.local/ns/{SHOP}/sa/{source}\",\
         destination_canonical_service=\"{destination}\"}})"
    )
}

/// A connection that ztunnel, at the called pod, refused because of a policy.
#[derive(Debug, PartialEq)]
pub(crate) struct Refusal {
    /// The caller's identity, such as `spiffe://cluster.local/ns/widgetario/sa/widgetario-web`; empty when it
    /// has none.
    pub(crate) identity: String,
    /// The caller's address, with its port.
    pub(crate) caller: String,
    /// The address and port that it asked for.
    pub(crate) called: String,
    /// Why, in ztunnel's words.
    pub(crate) reason: String,
}

impl Refusal {
    /// A line of ztunnel's log; `None` for a line about something else. The called pod must be one of the
    /// workload that begins with `destination`.
    fn read(line: &str, destination: &str) -> Option<Self> {
        let field = |name| field(line, name);
        let reason = field("error")?;
        let is_refusal = field("direction")? == "inbound"
            && reason.contains("policy rejection")
            && field("dst.workload")?.starts_with(destination);
        is_refusal.then_some(())?;
        // Between ztunnels, the address that was asked for is inside of the tunnel.
        let called = field("dst.hbone_addr").or_else(|| field("dst.addr"))?;
        Some(Self {
            identity: field("src.identity").unwrap_or_default().to_owned(),
            caller: field("src.addr")?.to_owned(),
            called: called.to_owned(),
            reason: reason.to_owned(),
        })
    }

    /// Whether web was refused.
    pub(crate) fn is_of_web(&self) -> bool {
        self.identity
            .ends_with(&format!("/ns/{SHOP}/sa/widgetario-web"))
    }
}

/// The value of a field such as `src.addr=10.0.0.7:1` or `direction="inbound"`.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = line.split_once(&format!("{name}="))?;
    match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split_whitespace().next(),
    }
}

/// What the ztunnel of any node says, since `begin`, of connections that a policy refused, to the workload
/// that begins with `destination`, such as `stock-api`.
///
/// # Errors
/// When the logs cannot be read.
pub(crate) fn refusals(destination: &str, begin: Instant) -> anyhow::Result<Vec<Refusal>> {
    let since = format!("--since={}s", begin.elapsed().as_secs() + 1);
    let ztunnels = ["-n", MESH, "-l", "app=ztunnel", "--tail=-1"];
    let log = kubectl(&[&["logs", &since][..], &ztunnels].concat())?;
    let read = |line| Refusal::read(line, destination);
    Ok(log.lines().filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = "error access connection complete src.addr=10.0.0.7:2 src.workload=\"web-7f\" \
                           src.identity=\"spiffe://cluster.local/ns/widgetario/sa/widgetario-web\" \
                           dst.addr=10.0.0.9:15008 dst.hbone_addr=10.0.0.9:8080 dst.workload=\"stock-api-5d\" \
                           direction=\"inbound\" bytes_sent=0 error=\"connection closed due to policy \
                           rejection: allow policies exist, but none allowed\"";

    #[test]
    fn refusal_is_told_by_the_called_end_and_names_the_caller() {
        let refusal = Refusal::read(REFUSED, "stock-api").expect("a refusal");
        let expected = Refusal {
            identity: "spiffe://cluster.local/ns/widgetario/sa/widgetario-web".into(),
            caller: "10.0.0.7:2".into(),
            called: "10.0.0.9:8080".into(),
            reason:
                "connection closed due to policy rejection: allow policies exist, but none allowed"
                    .into(),
        };
        assert_eq!(refusal, expected);
        assert!(refusal.is_of_web());
        assert_eq!(Refusal::read(REFUSED, "products-db"), None);
    }

    #[test]
    fn callers_end_and_a_connection_that_was_let_in_tell_of_no_refusal() {
        let outbound = REFUSED.replace("inbound", "outbound");
        let (let_in, _) = REFUSED.split_once(" error=").expect("an error");
        for line in [&outbound, let_in, "info Envoy proxy is ready"] {
            assert_eq!(Refusal::read(line, "stock-api"), None, "{line}");
        }
    }

    /// It comes in plain text, not by a tunnel.
    #[test]
    fn caller_from_outside_of_the_mesh_has_no_identity() {
        let line = REFUSED.replace(
            "src.identity=\"spiffe://cluster.local/ns/widgetario/sa/widgetario-web\" ",
            "",
        );
        let line = line.replace("dst.addr=10.0.0.9:15008 dst.hbone_addr", "dst.addr");
        let refusal = Refusal::read(&line, "stock-api").expect("a refusal");
        assert_eq!(
            (refusal.identity.as_str(), refusal.called.as_str()),
            ("", "10.0.0.9:8080")
        );
        assert!(!refusal.is_of_web());
    }
}
