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

/// The lines in which the ztunnel of any node says, since `begin`, that a policy refused a connection to
/// the workload that begins with `destination`, such as `stock-api`.
///
/// # Errors
/// When the logs cannot be read.
pub(crate) fn refusals(destination: &str, begin: Instant) -> anyhow::Result<Vec<String>> {
    let since = format!("--since={}s", begin.elapsed().as_secs() + 1);
    let ztunnels = ["-n", MESH, "-l", "app=ztunnel", "--tail=-1"];
    let log = kubectl(&[&["logs", &since][..], &ztunnels].concat())?;
    Ok(refused(&log, destination))
}

/// The refusals in a `log` of ztunnel.
fn refused(log: &str, destination: &str) -> Vec<String> {
    let workload = format!("dst.workload=\"{destination}");
    let is_refusal = |line: &&str| {
        line.contains("direction=\"inbound\"")
            && line.contains("policy rejection")
            && line.contains(&workload)
    };
    let lines = log.lines().filter(is_refusal);
    lines.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_is_told_by_the_called_end_and_names_the_policy() {
        let log = "info access connection complete src.addr=10.0.0.7:1 dst.workload=\"stock-api-5d\" \
                   direction=\"inbound\" bytes_sent=1\n\
                   error access connection complete src.addr=10.0.0.7:2 dst.workload=\"stock-api-5d\" \
                   direction=\"inbound\" error=\"connection closed due to policy rejection: allow policies \
                   exist, but none allowed\"\n\
                   error access connection complete src.addr=10.0.0.7:2 dst.workload=\"stock-api-5d\" \
                   direction=\"outbound\" error=\"http status: 401 Unauthorized\"\n";
        let lines = refused(log, "stock-api");
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("src.addr=10.0.0.7:2 "));
        assert!(refused(log, "products-db").is_empty());
    }
}
