//! What the add-ons know: dashboards and traces.

use std::fs;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::traces::{self, Mode, Trace};
use super::{Addon, Bench, Claim, eventually};
use crate::cluster::{ask, escaped};

/// By how much counters have grown from `before` until `now`. One that was not there began at 0, and
/// one that has gone, with its pod, takes nothing back.
pub(super) fn growth(before: &[(Value, f64)], now: &[(Value, f64)]) -> f64 {
    let grown = now.iter().map(|(labels, value)| {
        let known = before.iter().find(|(known, _)| known == labels);
        (value - known.map_or(0.0, |(_, value)| *value)).max(0.0)
    });
    0.0 + grown.sum::<f64>() // the sum of none is a negative zero
}

/// The value of a `PromQL` expression: its series, each with its labels.
///
/// # Errors
/// When Prometheus is not there or refuses the expression.
pub(super) fn query(expression: &str) -> anyhow::Result<Vec<(Value, f64)>> {
    let escaped = escaped(expression);
    let answer = ask("prometheus", 9090, &format!("api/v1/query?query={escaped}"))
        .with_context(|| expression.to_owned())?;
    let series = answer["data"]["result"].as_array().into_iter().flatten();
    let value = |series: &Value| {
        let value = series["value"][1].as_str()?.parse().ok()?;
        Some((series["metric"].clone(), value))
    };
    Ok(series.filter_map(value).collect())
}

pub(super) fn grafana(bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    bench.shop.views(50, &[]);
    let path = bench
        .root
        .join("istio/demo1/addons/grafana-dashboards.yaml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let (mut claims, mut dashboards) = (Vec::new(), Vec::new());
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
                let finite = || {
                    Ok::<_, anyhow::Error>(
                        query(&shown)?
                            .iter()
                            .filter(|(_, value)| value.is_finite())
                            .count(),
                    )
                };
                match eventually(|| Ok(Some(finite()?).filter(|count| *count > 0))) {
                    Ok(count) => {
                        let evidence = format!("{} series", count.unwrap_or_default());
                        Claim::new(text, count.is_some(), evidence)
                    }
                    Err(error) => Claim::new(text, false, format!("{error:#}")),
                }
            }));
            dashboards.push(dashboard);
        }
    }
    let text = "Grafana's page shows them";
    claims.push(if bench.without.contains(&Addon::Grafana) {
        Claim::not_proven(text, Addon::Grafana.left_out())
    } else {
        match shown(&dashboards) {
            Ok(titles) => Claim::new(text, true, titles.join(", ")),
            Err(error) => Claim::new(
                text,
                false,
                format!("{error:#}; {}", Addon::Grafana.mended()),
            ),
        }
    });
    Ok(claims)
}

/// Asks Grafana for each of `dashboards`, and Prometheus through it. Returns their titles.
fn shown(dashboards: &[Value]) -> anyhow::Result<Vec<String>> {
    let up = ask(
        "grafana",
        3000,
        "api/datasources/proxy/uid/prometheus/api/v1/query?query=up",
    )
    .context("Grafana does not reach Prometheus")?;
    let series = up["data"]["result"].as_array().map_or(0, Vec::len);
    ensure!(series > 0, "Grafana gets nothing from Prometheus");
    ensure!(!dashboards.is_empty(), "the file holds no dashboard");
    let mut titles = Vec::new();
    for wanted in dashboards {
        let (uid, title) = (&wanted["uid"], &wanted["title"]);
        let path = format!("api/dashboards/uid/{}", uid.as_str().unwrap_or_default());
        let here = ask("grafana", 3000, &path)
            .with_context(|| format!("Grafana has no dashboard {title}"))?;
        let same = here["dashboard"]["panels"] == wanted["panels"];
        ensure!(same, "Grafana's dashboard {title} is not the file's");
        titles.push(title.as_str().unwrap_or_default().to_owned());
    }
    Ok(titles)
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

/// One page view: its traces, and what each of them looks like.
pub(super) fn traces(bench: &Bench, mode: Mode) -> anyhow::Result<Vec<Claim>> {
    // The first view lets every proxy learn its route, and its spans go by.
    bench.shop.get("/api/shop", &[]);
    let page = bench.shop.get("/api/shop", &[]);
    let id = page.json["request_id"].as_str().with_context(|| {
        let (status, body) = (page.status, page.body.trim());
        format!("the page has no request_id to find its traces by: status {status}: {body:.200}")
    })?;
    let cached: Vec<bool> = page.calls().map(|call| call["cached"] == true).collect();
    let wanted = traces::forest(mode, &cached);
    let spans = wanted.concat().lines().count();
    let seen = traces::of_request(id, spans)?;
    let count = seen.iter().map(|trace| trace.spans.len()).sum::<usize>();
    let mut trees: Vec<String> = seen.iter().map(Trace::tree).collect();
    trees.sort();
    let saved = cached.iter().filter(|cached| **cached).count();
    let held = if trees == wanted {
        String::new()
    } else {
        format!("\n{}", trees.join("\n"))
    };
    Ok(vec![
        Claim::new(
            format!("one page view is {} traces", wanted.len()),
            seen.len() == wanted.len(),
            format!("{} traces", seen.len()),
        ),
        Claim::new(
            format!("of {spans} spans ({saved} statements saved by the cache)"),
            count == spans,
            format!("{count} spans, of the request {id}"),
        ),
        Claim::new(
            "nothing dangles: each span's parent is there",
            !seen.is_empty() && seen.iter().all(|trace| trace.roots().len() == 1),
            "",
        ),
        Claim::new(
            "application and sidecar stand in each other's place in the trees",
            trees == wanted,
            held,
        ),
    ])
}
