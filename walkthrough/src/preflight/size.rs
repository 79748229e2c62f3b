//! Whether the machine behind the nodes is large enough.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cluster::Cluster;
use super::{Finding, laptops};
use crate::cluster::kubectl::items;

/// The size on which the walkthrough was measured.
const CPUS: f64 = 4.0;
const MEMORY_GIB: f64 = 7.5;

/// The machines have together the CPUs and the memory that the walkthrough needs.
pub(super) fn check(cluster: &Cluster) -> Finding {
    let machines = machines(&cluster.nodes);
    let cpus: f64 = machines.iter().map(|(cpus, _)| cpus).sum();
    let gib: f64 = machines.iter().map(|(_, gib)| gib).sum();
    let found = format!("{cpus:.0} CPUs, {gib:.1} GiB");
    if cpus >= CPUS && gib >= MEMORY_GIB {
        return Finding::Fine(found);
    }
    let how = laptops::how_to_grow(cluster.distribution);
    Finding::Mend(format!("{found}; give it {CPUS:.0} CPUs and 8 GB: {how}"))
}

/// The CPUs and the memory in GiB of each machine.
///
/// Nodes that are containers of one machine report all of it, each. kind gives each of them a machine
/// id and a system UUID of its own, but they share a kernel, and so its boot id.
fn machines(nodes: &Value) -> Vec<(f64, f64)> {
    let mut machines = BTreeMap::<&str, (f64, f64)>::new();
    for node in items(nodes) {
        let boot = node["status"]["nodeInfo"]["bootID"].as_str();
        let name = node["metadata"]["name"].as_str().unwrap_or_default();
        let machine = machines.entry(boot.unwrap_or(name)).or_default();
        let capacity = &node["status"]["capacity"];
        let gib = quantity(&capacity["memory"]) / (1024.0 * 1024.0 * 1024.0);
        machine.0 = machine.0.max(quantity(&capacity["cpu"]));
        machine.1 = machine.1.max(gib);
    }
    machines.into_values().collect()
}

/// A Kubernetes quantity, in its base unit
/// (<https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>).
fn quantity(value: &Value) -> f64 {
    let text = value.as_str().unwrap_or_default();
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "m" => 0.001,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        _ => 1.0,
    };
    digits.parse::<f64>().unwrap_or_default() * factor
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(name: &str, boot: &str, cpus: &str, memory: &str) -> Value {
        json!({
            "metadata": { "name": name },
            "status": {
                "nodeInfo": { "bootID": boot, "machineID": name, "systemUUID": name },
                "capacity": { "cpu": cpus, "memory": memory },
            },
        })
    }

    #[test]
    fn containers_of_one_machine_count_once_and_two_machines_together() {
        let kind = [
            node("desktop-control-plane", "a", "4", "8Gi"),
            node("desktop-worker", "a", "4", "8Gi"),
        ];
        assert_eq!(machines(&json!({ "items": kind })), [(4.0, 8.0)]);
        let minikube = [
            node("minikube", "a", "2", "4194304Ki"),
            node("minikube-m02", "b", "2", "4194304Ki"),
        ];
        assert_eq!(
            machines(&json!({ "items": minikube })),
            [(2.0, 4.0), (2.0, 4.0)]
        );
    }
}
