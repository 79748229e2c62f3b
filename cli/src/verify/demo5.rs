//! What the add-ons know: graph, dashboards, and traces.

use std::fs;

use anyhow::Context;
use serde_json::Value;

use super::traces::{self, Trace};
use super::{Bench, Claim, eventually};
use crate::cluster::ask;

/// The value of a `PromQL` expression: its series, each with its labels.
///
/// # Errors
/// When Prometheus is not there or refuses the expression.
pub(super) fn query(expression: &str) -> anyhow::Result<Vec<(Value, f64)>> {
    let escaped: String = expression
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    let answer = ask("prometheus", 9090, &format!("api/v1/query?query={escaped}"))
        .with_context(|| expression.to_owned())?;
    let series = answer["data"]["result"].as_array().into_iter().flatten();
    let value = |series: &Value| {
        let value = series["value"][1].as_str()?.parse().ok()?;
        Some((series["metric"].clone(), value))
    };
    Ok(series.filter_map(value).collect())
}

pub(super) fn kiali(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    bench.shop.views(50, &[]);
    let mut claims = Vec::new();
    for (from, to) in [("web", "products-api"), ("web", "stock-api")] {
        let metric = format!(
            "sum(istio_requests_total{{reporter=\"source\",source_app=\"{from}\",destination_app=\"{to}\"}})"
        );
        claims.push(edge(from, to, &metric)?);
    }
    for from in ["products-api", "stock-api"] {
        let metric = format!(
            "sum(istio_tcp_connections_opened_total{{source_app=\"{from}\",destination_app=\"products-db\"}})"
        );
        claims.push(edge(from, "products-db", &metric)?);
    }
    let text = "Kiali's page draws them";
    if bench.without.iter().any(|name| name == "kiali") {
        claims.push(Claim::not_proven(text, "this cluster cannot run it"));
    } else {
        let graph = ask(
            "kiali",
            20001,
            "kiali/api/namespaces/graph?namespaces=widgetario&duration=600s",
        )?;
        let edges = graph["elements"]["edges"].as_array().map_or(0, Vec::len);
        claims.push(Claim::new(text, edges >= 3, format!("{edges} edges")));
    }
    Ok(claims)
}

/// An edge of the graph, which Kiali draws from Istio's metrics.
fn edge(from: &str, to: &str, metric: &str) -> anyhow::Result<Claim> {
    let seen = eventually(|| {
        let series = query(metric)?;
        let sum: f64 = series.iter().map(|(_, value)| value).sum();
        Ok((sum > 0.0).then_some(sum))
    })?;
    Ok(Claim::new(
        format!("the graph has an edge from {from} to {to}"),
        seen.is_some(),
        format!("{} seen", seen.unwrap_or_default()),
    ))
}

pub(super) fn grafana(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    bench.shop.views(50, &[]);
    let path = bench
        .root
        .join("istio/demo1/addons/grafana-dashboards.yaml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut claims = Vec::new();
    for object in serde_saphyr::from_multiple::<Value>(&text)? {
        for (file, dashboard) in object["data"].as_object().into_iter().flatten() {
            let dashboard = dashboard.as_str().unwrap_or_default();
            let dashboard: Value = serde_json::from_str(dashboard).context(file.clone())?;
            let mut expressions = Vec::new();
            collect(&dashboard["panels"], &mut expressions);
            claims.extend(expressions.iter().map(|expression| {
                let text = format!("{file}: {expression}");
                let shown = expression
                    .replace("$__rate_interval", "1m")
                    .replace("$__range", "5m");
                match eventually(|| Ok(Some(query(&shown)?.len()).filter(|count| *count > 0))) {
                    Ok(count) => {
                        let evidence = format!("{} series", count.unwrap_or_default());
                        Claim::new(text, count.is_some(), evidence)
                    }
                    Err(error) => Claim::new(text, false, format!("{error:#}")),
                }
            }));
        }
    }
    let text = "Grafana's page shows them";
    if bench.without.iter().any(|name| name == "grafana") {
        claims.push(Claim::not_proven(text, "this cluster cannot run it"));
    } else {
        let health = ask("grafana", 3000, "api/health")?;
        claims.push(Claim::new(
            text,
            health["database"] == "ok",
            health.to_string(),
        ));
    }
    Ok(claims)
}

/// The expressions of all panels below `value`.
fn collect(value: &Value, expressions: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_str().filter(|_| name == "expr") {
                    Some(expression) => expressions.push(expression.to_owned()),
                    None => collect(field, expressions),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, expressions)),
        _ => {}
    }
}

/// One page view: how many traces and spans it makes, of `most` spans with nothing cached.
pub(super) fn traces(bench: &Bench, expected: usize, most: usize) -> anyhow::Result<Vec<Claim>> {
    // The first view lets every proxy learn its route, and its spans go by.
    bench.shop.get("/api/shop", &[]);
    traces::quiet()?;
    let page = bench.shop.get("/api/shop", &[]);
    let cached = page.calls().filter(|call| call["cached"] == true).count();
    // The statements that were not needed, where services record any.
    let spans = if most == 27 { most - cached } else { most };
    let seen = traces::since_quiet(spans)?;
    let count = seen.iter().map(|trace| trace.spans.len()).sum::<usize>();
    let mut claims = vec![
        Claim::new(
            format!("one page view is {expected} traces"),
            seen.len() == expected,
            format!("{} traces", seen.len()),
        ),
        Claim::new(
            format!("of {spans} spans ({cached} statements saved by the cache)"),
            count == spans,
            format!("{count} spans"),
        ),
        Claim::new(
            "nothing dangles: each span's parent is there",
            seen.iter().all(|trace| trace.roots().len() == 1),
            "",
        ),
    ];
    if expected == 1 && most == 27 {
        let tree = seen.first().map(Trace::tree).unwrap_or_default();
        let wanted = traces::page(
            &page
                .calls()
                .map(|call| call["cached"] == true)
                .collect::<Vec<_>>(),
        );
        claims.push(Claim::new(
            "application and sidecar stand in each other's place in the tree",
            tree == wanted,
            if tree == wanted {
                String::new()
            } else {
                format!("\n{tree}")
            },
        ));
    }
    Ok(claims)
}
