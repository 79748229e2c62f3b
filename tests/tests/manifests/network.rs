//! What gets through a network that enforces the policy.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::labels::selected;
use crate::{containers, list, objects, read, text, workloads, yaml};

/// The only policy there is.
fn policy() -> &'static Value {
    let policies = objects(&["NetworkPolicy"]);
    assert_eq!(policies.len(), 1);
    policies[0]
}

/// The ports by which a pod may be reached, `ingress`, or which it may reach, `egress`.
fn open(direction: &str) -> BTreeSet<u64> {
    let rules = list(policy(), &format!("/spec/{direction}")).iter();
    let ports = rules.flat_map(|rule| list(rule, "/ports"));
    ports.map(|port| number(&port["port"])).collect()
}

fn number(port: &Value) -> u64 {
    port.as_u64().unwrap_or_else(|| panic!("no number: {port}"))
}

/// How an ambient mesh reaches every pod: HBONE, HTTP CONNECT in mutual TLS.
const HBONE: u64 = 15008;

/// Every port by which the shop's pods reach each other.
fn pod_ports() -> BTreeSet<u64> {
    let containers = workloads().into_iter().flat_map(containers);
    let ports = containers.flat_map(|container| list(container, "/ports"));
    let ports = ports.map(|port| number(&port["containerPort"]));
    ports.chain([HBONE]).collect()
}

/// The ports to which spans may be sent.
fn collector() -> BTreeSet<u64> {
    let mut objects = yaml("istio/demo1/addons/jaeger.yaml").into_iter();
    let is_collector = |object: &Value| {
        object["kind"] == "Service" && object["metadata"]["name"] == "jaeger-collector"
    };
    let service = objects.find(is_collector).unwrap();
    let ports = list(&service, "/spec/ports").iter();
    ports.map(|port| number(&port["port"])).collect()
}

#[test]
fn policy_is_for_every_pod_and_both_directions() {
    let selector = &policy()["spec"]["podSelector"]["matchLabels"];
    assert_eq!(selected(selector).len(), workloads().len());
    assert_eq!(list(policy(), "/spec/policyTypes"), ["Ingress", "Egress"]);
}

/// The mesh refuses with a 403; the network would let a caller wait.
#[test]
fn policy_closes_ports_and_never_callers() {
    for direction in ["ingress", "egress"] {
        for rule in list(policy(), &format!("/spec/{direction}")) {
            let fields: Vec<_> = rule.as_object().unwrap().keys().collect();
            assert_eq!(fields, ["ports"], "{direction}");
        }
    }
}

/// <https://istio.io/latest/docs/ops/deployment/application-requirements/>
#[test]
fn pod_may_be_reached_by_its_ports_and_its_sidecars_health_and_metrics() {
    let (metrics, health, envoy_metrics) = (15020, 15021, 15090);
    let sidecar = [metrics, health, envoy_metrics].into();
    assert_eq!(open("ingress"), &pod_ports() | &sidecar);
}

#[test]
fn pod_may_reach_all_pods_dns_istiod_and_each_port_for_spans() {
    let (dns, istiod) = (53, 15012);
    let mesh = [dns, istiod].into();
    assert_eq!(open("egress"), &(&pod_ports() | &mesh) | &collector());
}

#[test]
fn tracer_of_zipkin_mode_sends_to_a_port_of_the_collector() {
    let install = &yaml("istio/demo5/zipkin.yaml")[0];
    for provider in list(install, "/spec/meshConfig/extensionProviders") {
        assert!(collector().contains(&number(&provider["zipkin"]["port"])));
    }
}

#[test]
fn address_in_a_setting_has_an_open_port() {
    let containers = workloads().into_iter().flat_map(containers);
    let variables = containers.flat_map(|container| list(container, "/env"));
    let is_address = |variable: &&Value| {
        let name = text(variable, "/name");
        ["DATABASE_URL", "SUPPLIER_URL"].contains(&name) || name.ends_with("_ENDPOINT")
    };
    let mut ports = BTreeSet::new();
    for variable in variables.filter(is_address) {
        let behind = text(variable, "/value").rsplit(':').next().unwrap();
        ports.insert(behind.split('/').next().unwrap().parse().unwrap());
    }
    assert!(!ports.is_empty());
    assert!(open("egress").is_superset(&ports), "{ports:?}");
}

/// The ports in a table's rows of the document whose cell `direction` is not a dash.
fn documented(direction: usize) -> BTreeSet<u64> {
    let document = read("docs/kubernetes.md");
    let rows = document.lines().map(|line| line.split(" | ").collect());
    let rows = rows.filter(|cells: &Vec<_>| cells.len() == 3 && !cells[direction].starts_with('–'));
    rows.flat_map(|cells| {
        let ports = cells[0].trim_start_matches("| ").split(", ");
        ports.map(str::parse).collect::<Result<Vec<_>, _>>()
    })
    .flatten()
    .collect()
}

#[test]
fn documented_ports_are_those_of_the_policy() {
    assert_eq!(documented(1), open("ingress"));
    assert_eq!(documented(2), open("egress"));
}
