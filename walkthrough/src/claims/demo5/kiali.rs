//! Who calls whom, as sidecars count it and Kiali draws it.

use serde_json::Value;

use crate::claims::addon::Addon;
use crate::claims::claim::{Claim, abridged};
use crate::claims::target::Target;
use crate::cluster::kubectl::{ask_service, elements};
use crate::observe::callers::{Caller, DATABASE};
use crate::observe::prometheus::Counters;

/// An edge of the graph: a caller, the service that it calls (the database by TCP, all others by
/// HTTP), and the least number of calls while the shop is viewed.
struct Edge {
    from: &'static str,
    to: &'static str,
    calls: f64,
}

const VIEWS: usize = 50;

const EDGES: [Edge; 4] = [
    edge("web", "products-api", 50.0),
    edge("web", "stock-api", 200.0),
    edge("products-api", "products-db", 1.0),
    edge("stock-api", "products-db", 1.0),
];

const fn edge(from: &'static str, to: &'static str, calls: f64) -> Edge {
    Edge { from, to, calls }
}

pub(in crate::claims) fn kiali(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let mut metrics = Vec::new();
    for edge in &EDGES {
        metrics.push(edge.metric("connection_security_policy=\"mutual_tls\""));
        metrics.push(edge.metric("connection_security_policy!=\"mutual_tls\""));
    }
    metrics.push(EDGES[0].metric("destination_version=\"v1\""));
    let counters = Counters::now(metrics)?;
    target.shop.views(VIEWS, &[]);
    for api in [Caller::Products, Caller::Stock] {
        api.ask(DATABASE);
    }
    let are_counted = |by: &[f64]| {
        let encrypted = by.iter().step_by(2);
        EDGES
            .iter()
            .zip(encrypted)
            .all(|(edge, by)| *by >= edge.calls)
    };
    let growth = counters.growth_until(|| {}, are_counted)?.by;
    let pairs = EDGES.iter().zip(growth.chunks(2));
    let mut claims: Vec<Claim> = pairs
        .map(|(edge, by)| edge.has_padlock(by[0], by[1]))
        .collect();
    let to_v1 = growth[2 * EDGES.len()];
    claims.push(Claim::new(
        "all traffic for products-api goes to version 2",
        to_v1 <= 0.0,
        format!("{to_v1:.0} to version 1"),
    ));
    claims.push(Addon::Kiali.claim(target.without, "Kiali's page draws them", || {
        let path = "kiali/api/namespaces/graph?namespaces=widgetario&duration=600s&graphType=app\
            &injectServiceNodes=false";
        let missing = undrawn(&ask_service("kiali", 20001, path)?);
        Ok((
            missing.is_empty(),
            format!("missing: {}", abridged(&missing)),
        ))
    }));
    Ok(claims)
}

impl Edge {
    /// The metric that the edge is drawn from, as the called side counts it.
    fn metric(&self, label: &str) -> String {
        let Self { from, to, .. } = self;
        let metric = if *to == "products-db" {
            "istio_tcp_connections_opened_total"
        } else {
            "istio_requests_total"
        };
        format!(
            "{metric}{{reporter=\"destination\",source_app=\"{from}\",destination_app=\"{to}\",{label}}}"
        )
    }

    /// At least the expected number of calls were encrypted, and none was plain text.
    fn has_padlock(&self, encrypted: f64, plain: f64) -> Claim {
        Claim::new(
            format!(
                "the graph has an edge from {} to {}, with a padlock",
                self.from, self.to
            ),
            encrypted >= self.calls && plain <= 0.0,
            format!("{encrypted:.0} encrypted and {plain:.0} plain for {VIEWS} views"),
        )
    }
}

/// The edges that Kiali's graph of apps lacks
/// (<https://kiali.io/docs/architecture/architecture/>: nodes by id, edges between ids).
fn undrawn(graph: &Value) -> Vec<String> {
    let listed = |kind: &str| elements(&graph["elements"][kind]).map(|element| &element["data"]);
    let is_app =
        |id: &Value, app: &str| listed("nodes").any(|node| node["id"] == *id && node["app"] == app);
    let is_drawn = |edge: &&Edge| {
        listed("edges")
            .any(|drawn| is_app(&drawn["source"], edge.from) && is_app(&drawn["target"], edge.to))
    };
    let missing = EDGES.iter().filter(|edge| !is_drawn(edge));
    missing
        .map(|edge| format!("{} to {}", edge.from, edge.to))
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
