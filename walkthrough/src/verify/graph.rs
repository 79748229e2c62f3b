//! Who calls whom, as sidecars count it and Kiali draws it.

use serde_json::Value;

use super::access::Caller;
use super::demo5::{growth, query};
use super::{Addon, Bench, Claim, abridged, eventually};
use crate::cluster::ask;

/// Who calls whom: by HTTP, and the database by TCP.
const EDGES: [(&str, &str); 4] = [
    ("web", "products-api"),
    ("web", "stock-api"),
    ("products-api", "products-db"),
    ("stock-api", "products-db"),
];

pub(super) fn kiali(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    let mutual = "connection_security_policy=\"mutual_tls\"";
    let mut metrics = Vec::new();
    for (from, to) in EDGES {
        metrics.push(calls(from, to, mutual));
        metrics.push(calls(
            from,
            to,
            "connection_security_policy!=\"mutual_tls\"",
        ));
    }
    metrics.push(calls("web", "products-api", "destination_version=\"v1\""));
    let count = || {
        metrics
            .iter()
            .map(|metric| query(metric))
            .collect::<anyhow::Result<Vec<_>>>()
    };
    let before = count()?;
    bench.shop.views(50, &[]);
    for api in [Caller::Products, Caller::Stock] {
        api.says(("GET", "postgres://products-db.widgetario:5432"));
    }
    let wanted = [50.0, 200.0, 1.0, 1.0];
    let mut more = vec![0.0; metrics.len()];
    eventually(|| {
        more = count()?
            .iter()
            .zip(&before)
            .map(|(now, before)| growth(before, now))
            .collect();
        let has_come = (0..EDGES.len()).all(|edge| more[2 * edge] >= wanted[edge]);
        Ok(has_come.then_some(()))
    })?;
    let mut claims: Vec<Claim> = EDGES
        .iter()
        .enumerate()
        .map(|(edge, (from, to))| {
            let (encrypted, plain) = (more[2 * edge], more[2 * edge + 1]);
            Claim::new(
                format!("the graph has an edge from {from} to {to}, with a padlock"),
                encrypted >= wanted[edge] && plain <= 0.0,
                format!("{encrypted:.0} encrypted and {plain:.0} plain for 50 views"),
            )
        })
        .collect();
    claims.push(Claim::new(
        "all traffic for products-api goes to version 2",
        more[2 * EDGES.len()] <= 0.0,
        format!("{:.0} to version 1", more[2 * EDGES.len()]),
    ));
    let text = "Kiali's page draws them";
    claims.push(if bench.without.contains(&Addon::Kiali) {
        Claim::not_proven(text, Addon::Kiali.left_out())
    } else {
        let path = "kiali/api/namespaces/graph?namespaces=widgetario&duration=600s&graphType=app\
            &injectServiceNodes=false";
        match ask("kiali", 20001, path) {
            Ok(graph) => {
                let missing = undrawn(&graph);
                let evidence = format!("missing: {}", abridged(&missing));
                Claim::new(text, missing.is_empty(), evidence)
            }
            Err(error) => Claim::new(text, false, format!("{error:#}; {}", Addon::Kiali.mended())),
        }
    });
    Ok(claims)
}

/// The metric that an edge is drawn from, as the called side counts.
fn calls(from: &str, to: &str, label: &str) -> String {
    let metric = if to == "products-db" {
        "istio_tcp_connections_opened_total"
    } else {
        "istio_requests_total"
    };
    format!(
        "{metric}{{reporter=\"destination\",source_app=\"{from}\",destination_app=\"{to}\",{label}}}"
    )
}

/// The edges that Kiali's graph of apps lacks
/// (<https://kiali.io/docs/architecture/architecture/>: nodes by id, edges between ids).
fn undrawn(graph: &Value) -> Vec<String> {
    let elements = |kind: &str| {
        let list = graph["elements"][kind].as_array().into_iter().flatten();
        list.map(|element| &element["data"])
    };
    let is_drawn = |(from, to): &(&str, &str)| {
        let is =
            |id: &Value, app: &str| elements("nodes").any(|it| it["id"] == *id && it["app"] == app);
        elements("edges").any(|edge| is(&edge["source"], from) && is(&edge["target"], to))
    };
    let missing = EDGES.iter().filter(|edge| !is_drawn(edge));
    missing
        .map(|(from, to)| format!("{from} to {to}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_edge_must_be_drawn_and_not_just_as_many() {
        let node = |id: u32, app: &str| json!({ "data": { "id": id.to_string(), "app": app } });
        let edge = |from: u32, to: u32| json!({ "data": { "source": from.to_string(), "target": to.to_string() } });
        let nodes = [
            node(1, "web"),
            node(2, "products-api"),
            node(3, "stock-api"),
            node(4, "products-db"),
        ];
        let graph = |edges: &[Value]| json!({ "elements": { "nodes": nodes, "edges": edges } });
        let all = [edge(1, 2), edge(1, 3), edge(2, 4), edge(3, 4)];
        assert!(undrawn(&graph(&all)).is_empty());
        let others = [edge(1, 2), edge(1, 3), edge(2, 4), edge(1, 4), edge(4, 1)];
        assert_eq!(undrawn(&graph(&others)), ["stock-api to products-db"]);
    }
}
