//! What the shop's waypoint is for, and which policies it enforces.

use serde_json::Value;

use crate::copies::differences;
use crate::{files, list, read, text, title, yaml};

const FOLDER: &str = "istio/demo7/waypoints";

/// The objects of all files in a folder of the waypoint.
fn of(folder: &str) -> Vec<Value> {
    let files = files(format!("{FOLDER}/{folder}"), ".yaml");
    files.into_iter().flat_map(yaml).collect()
}

/// The Gateway that is the waypoint.
fn waypoint() -> Value {
    yaml(format!("{FOLDER}/waypoint.yaml")).remove(0)
}

/// Where a Service stands that the waypoint's folder repeats.
fn source(name: &str) -> Value {
    let file = match name {
        "widgetario-web" => "k8s/web.yaml",
        "stock-api" => "k8s/stock-api.yaml",
        "products-api" => "k8s/products-api.yaml",
        _ => "istio/demo7/gateway-api/products-api/services.yaml",
    };
    let mut documents = yaml(file).into_iter();
    let found = documents
        .find(|document| document["kind"] == "Service" && text(document, "/metadata/name") == name);
    found.unwrap_or_else(|| panic!("no Service {name} in {file}"))
}

#[test]
fn services_gain_the_labels_that_are_marked_and_nothing_else() {
    for service in of("services") {
        let source = source(text(&service, "/metadata/name"));
        assert_eq!(differences(&source, &service), ["/metadata/labels"]);
    }
    for file in files(format!("{FOLDER}/services"), ".yaml") {
        for line in read(&file).lines() {
            assert_eq!(line.contains("istio.io/"), line.contains(" # <-"), "{line}");
        }
    }
}

#[test]
fn services_name_the_waypoint_that_there_is() {
    let name = &waypoint()["metadata"]["name"];
    for service in of("services") {
        let label = &service["metadata"]["labels"]["istio.io/use-waypoint"];
        assert_eq!(label, name, "{}", title(&service));
    }
}

#[test]
fn policy_of_the_waypoint_is_about_the_waypoint_or_a_service_that_has_one() {
    let mut targets: Vec<String> = of("services").iter().map(title).collect();
    targets.push(title(&waypoint()));
    for policy in of("authz") {
        for target in list(&policy, "/spec/targetRefs") {
            let target = format!("{}/{}", text(target, "/kind"), text(target, "/name"));
            assert!(targets.contains(&target), "{}: {target}", title(&policy));
        }
    }
}

/// Istio's name for the waypoint's service account is that of its Gateway.
#[test]
fn pods_of_both_apis_take_calls_from_the_waypoint_alone() {
    let name = waypoint();
    let name = text(&name, "/metadata/name");
    let mut apps = Vec::new();
    for policy in of("authz") {
        let Some(selector) = policy["spec"].get("selector") else {
            continue;
        };
        apps.push(text(selector, "/matchLabels/app").to_owned());
        for rule in list(&policy, "/spec/rules") {
            assert_eq!(
                list(rule, "/from/0/source/principals"),
                [format!("cluster.local/ns/widgetario/sa/{name}")]
            );
        }
    }
    assert_eq!(apps, ["products-api", "stock-api"]);
}

/// ztunnel leaves out a rule that names methods or paths, and a waypoint knows no selector.
#[test]
fn policy_reads_http_where_it_has_targets_and_nowhere_else() {
    for policy in of("authz") {
        let (spec, title) = (&policy["spec"], title(&policy));
        let has_targets = spec.get("targetRefs").is_some();
        assert_ne!(has_targets, spec.get("selector").is_some(), "{title}");
        let rules = list(&policy, "/spec/rules").iter();
        for to in rules.flat_map(|rule| list(rule, "/to")) {
            assert_eq!(
                to["operation"].get("methods").is_some(),
                has_targets,
                "{title}"
            );
        }
    }
}
