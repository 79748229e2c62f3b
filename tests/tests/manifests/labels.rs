//! Which pods selectors select.

use serde_json::{Value, json};

use crate::{objects, pod, text, title, workloads};

/// The workloads whose pods have the labels of `selector`.
pub(crate) fn selected(selector: &Value) -> Vec<&'static Value> {
    let selector = selector.as_object().unwrap();
    assert!(!selector.is_empty());
    let mut workloads = workloads();
    workloads.retain(|workload| {
        let labels = &pod(workload)["metadata"]["labels"];
        selector.iter().all(|(name, value)| labels[name] == *value)
    });
    workloads
}

#[test]
fn workload_selects_its_own_pods_and_no_others() {
    for workload in workloads() {
        let selected = selected(&workload["spec"]["selector"]["matchLabels"]);
        let names: Vec<_> = selected.into_iter().map(title).collect();
        assert!(names.contains(&title(workload)), "{workload}");
        assert!(
            names.iter().all(|name| *name == title(workload)),
            "{names:?}"
        );
    }
}

#[test]
fn service_and_budget_select_pods() {
    for object in objects(&["Service", "PodDisruptionBudget"]) {
        let selector = match text(object, "/kind") {
            "Service" => &object["spec"]["selector"],
            _ => &object["spec"]["selector"]["matchLabels"],
        };
        assert!(!selected(selector).is_empty(), "{}", title(object));
    }
}

#[test]
fn every_workload_has_a_service_and_a_budget() {
    for workload in workloads() {
        let app = &pod(workload)["metadata"]["labels"]["app"];
        for (kind, selector) in [
            ("Service", "/spec/selector"),
            ("PodDisruptionBudget", "/spec/selector/matchLabels"),
        ] {
            let mut objects = objects(&[kind]).into_iter();
            let selects = |object: &Value| object.pointer(selector) == Some(&json!({ "app": app }));
            assert!(objects.any(selects), "{app} has no {kind}");
        }
    }
}

/// Istio would report it as the version, in place of `version`: v1 and v2 could not be told apart.
#[test]
fn no_pod_has_the_label_that_hides_its_version() {
    for workload in workloads() {
        let labels = &pod(workload)["metadata"]["labels"];
        assert!(labels["version"].is_string(), "{}", title(workload));
        assert!(labels.get("app.kubernetes.io/version").is_none());
    }
}
