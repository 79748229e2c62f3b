//! Claims that every query of the dashboards returns data, and that Grafana's page shows it.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::claims::addon::Addon;
use crate::claims::claim::Claim;
use crate::claims::target::Target;
use crate::cluster::kubectl::ask_service;
use crate::observe::prometheus::{AT_ONCE, query};
use crate::observe::wait::eventually;
use crate::parallel::parallel;

pub(in crate::claims) fn grafana(target: &Target) -> anyhow::Result<Vec<Claim>> {
    target.shop.views(50, &[]);
    let dashboards = dashboards(target.root)?;
    let mut panels = Vec::new();
    for (file, dashboard) in &dashboards {
        let mut expressions = Vec::new();
        collect(&dashboard["panels"], &mut expressions);
        panels.extend(expressions.into_iter().map(|expression| (file, expression)));
    }
    let mut claims = parallel(AT_ONCE, panels, |(file, expression)| {
        has_data(file, expression)
    });
    claims.push(
        Addon::Grafana.claim(target.without, "Grafana's page shows them", || {
            let titles = shown(dashboards.iter().map(|(_, dashboard)| dashboard))?;
            Ok((true, titles.join(", ")))
        }),
    );
    Ok(claims)
}

/// The dashboards that demo 1 applies, each with the name of its file.
fn dashboards(root: &Path) -> anyhow::Result<Vec<(String, Value)>> {
    let path = root.join("istio/demo1/addons/grafana-dashboards.yaml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut dashboards = Vec::new();
    for object in serde_saphyr::from_multiple::<Value>(&text)? {
        for (file, dashboard) in object["data"].as_object().into_iter().flatten() {
            let dashboard = dashboard.as_str().unwrap_or_default();
            let dashboard = serde_json::from_str(dashboard).context(file.clone())?;
            dashboards.push((file.clone(), dashboard));
        }
    }
    Ok(dashboards)
}

/// The expressions of all panels below `value`.
fn collect<'a>(value: &'a Value, expressions: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_str().filter(|_| name == "expr") {
                    Some(expression) => expressions.push(expression),
                    None => collect(field, expressions),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, expressions)),
        _ => {}
    }
}

/// Prometheus has data for an expression of the dashboard in `file`.
fn has_data(file: &str, expression: &str) -> Claim {
    let text = format!("{file}: {expression}");
    let expression = expression
        .replace("$__rate_interval", "1m")
        .replace("$__range", "5m");
    let finite = || {
        let series = query(&expression)?;
        let count = series.iter().filter(|(_, value)| value.is_finite()).count();
        Ok(Some(count).filter(|count| *count > 0))
    };
    match eventually(finite) {
        Ok(count) => {
            let evidence = format!("{} series", count.unwrap_or_default());
            Claim::new(text, count.is_some(), evidence)
        }
        Err(error) => Claim::new(text, false, format!("{error:#}")),
    }
}

/// Asks Grafana for each of `dashboards`, and Prometheus through it. Returns their titles.
fn shown<'a>(dashboards: impl Iterator<Item = &'a Value>) -> anyhow::Result<Vec<String>> {
    let up = ask_service(
        "grafana",
        3000,
        "api/datasources/proxy/uid/prometheus/api/v1/query?query=up",
    )
    .context("Grafana does not reach Prometheus")?;
    let series = up["data"]["result"].as_array().map_or(0, Vec::len);
    ensure!(series > 0, "Grafana gets nothing from Prometheus");
    let mut titles = Vec::new();
    for wanted in dashboards {
        let (uid, title) = (&wanted["uid"], &wanted["title"]);
        let path = format!("api/dashboards/uid/{}", uid.as_str().unwrap_or_default());
        let found = ask_service("grafana", 3000, &path)
            .with_context(|| format!("Grafana has no dashboard {title}"))?;
        let is_same = found["dashboard"]["panels"] == wanted["panels"];
        ensure!(is_same, "Grafana's dashboard {title} is not the file's");
        titles.push(title.as_str().unwrap_or_default().to_owned());
    }
    ensure!(!titles.is_empty(), "the file holds no dashboard");
    Ok(titles)
}
