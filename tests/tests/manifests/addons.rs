//! How the add-ons lead from one to the other.

use serde_json::Value;

use crate::{list, text, yaml};

/// A file in the first `ConfigMap` of an add-on's manifest, parsed.
fn file(addon: &str, name: &str) -> Value {
    let manifest = &yaml(format!("istio/demo1/addons/{addon}.yaml"))[0];
    let text = text(manifest, &format!("/data/{name}"));
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn dot_of_a_chart_leads_to_a_source_of_traces() {
    let grafana = file("grafana", "datasources.yaml");
    let sources = list(&grafana, "/datasources");
    let typed = |wanted: &str| {
        let found = sources.iter().find(|source| source["type"] == wanted);
        found.unwrap_or_else(|| panic!("no {wanted}"))
    };
    let destination = &typed("prometheus")["jsonData"]["exemplarTraceIdDestinations"][0];
    assert_eq!(destination["datasourceUid"], typed("jaeger")["uid"]);
    // The label of chassis' exemplars, by its own tests.
    assert_eq!(destination["name"], "trace_id");

    let panels = file("grafana-dashboards", "shop.json");
    let targets = list(&panels, "/panels").iter();
    let mut targets = targets.flat_map(|panel| list(panel, "/targets"));
    assert!(targets.any(|target| target["exemplar"] == true));

    let objects = yaml("istio/demo1/addons/prometheus.yaml");
    let prometheus = objects.iter().find(|object| object["kind"] == "Deployment");
    let arguments = list(prometheus.unwrap(), "/spec/template/spec/containers/0/args");
    let keeps = Value::from("--enable-feature=exemplar-storage");
    assert!(arguments.contains(&keeps), "{arguments:?}");
}

#[test]
fn rules_of_prometheus_are_in_its_folder() {
    let settings = file("prometheus", "prometheus.yml");
    let files = list(&settings, "/rule_files").iter();
    let groups = files.map(|name| file("prometheus", name.as_str().unwrap()));
    let rules: Vec<_> = groups
        .map(|rules| rules["groups"][0]["rules"][0].clone())
        .collect();
    assert_eq!(rules.len(), 1);
    assert_eq!(text(&rules[0], "/alert"), "WebCallsFail");
}
