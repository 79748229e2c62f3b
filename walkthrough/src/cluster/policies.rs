//! Policies under which a pod that starts is never ready: those that keep it from its database.

use serde_json::Value;

/// The label `app` of the database's pods.
const DATABASE: &str = "products-db";

pub(super) fn is_policy(object: &Value) -> bool {
    object["kind"] == "AuthorizationPolicy"
}

/// Those of the `held` policies that must go before pods are restarted: all that are for every pod of
/// the namespace, unless the database has a policy of its own that `stays`. One for every pod refuses
/// what it does not name, whether it names nothing, as deny-all does, or another port.
pub(super) fn in_the_way(held: &[Value], stays: impl Fn(&Value) -> bool) -> Vec<Value> {
    let opens = |policy: &Value| {
        policy["spec"]["selector"]["matchLabels"]["app"] == DATABASE && stays(policy)
    };
    if held.iter().any(opens) {
        return Vec::new();
    }
    let for_every_pod = held.iter().filter(|policy| is_for_every_pod(policy));
    for_every_pod.cloned().collect()
}

/// Whether a policy names neither pods nor, for a waypoint, what it is about.
fn is_for_every_pod(policy: &Value) -> bool {
    ["selector", "targetRef", "targetRefs"]
        .iter()
        .all(|field| policy["spec"][field].is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::held::is_in;
    use crate::cluster::manifests::{left_by, name};
    use crate::documents::Documents;

    /// The policies that must go on the way from the end of one stage to the end of another.
    fn on_the_way(from: &str, to: &str) -> Vec<String> {
        let documents = Documents::open().expect("the documents");
        let policies = |key: &str| {
            let end = documents.position(key).expect("a stage") + 1;
            let mut left = left_by(&documents.root, &documents.stages[..end]).expect("objects");
            left.retain(is_policy);
            left
        };
        let wanted = policies(to);
        let in_the_way = in_the_way(&policies(from), |policy| is_in(&wanted, policy));
        in_the_way.iter().map(name).collect()
    }

    #[test]
    fn deny_all_goes_first_on_each_way_that_leads_to_it_alone_or_away_from_it() {
        let deny_all = "authorizationpolicy/deny-all";
        for other in [
            "demo3/strict-mtls",
            "demo3/deny-all",
            "demo3/allow",
            "demo6/alert",
        ] {
            assert_eq!(on_the_way("demo3/deny-all", other), [deny_all], "{other}");
        }
        assert_eq!(on_the_way("demo3/allow", "demo3/deny-all"), [deny_all]);
        assert_eq!(on_the_way("demo3/deny-all", "demo7/waypoints"), [deny_all]);
    }

    #[test]
    fn policy_for_one_port_of_every_pod_goes_with_it() {
        let both = ["deny-all", "metrics-allow"].map(|name| format!("authorizationpolicy/{name}"));
        for from in [
            "demo7/ambient-install",
            "demo7/ambient",
            "demo7/ambient-traces",
        ] {
            for to in ["demo3/deny-all", "demo3/service-accounts"] {
                assert_eq!(on_the_way(from, to), both, "{from} to {to}");
            }
        }
    }

    #[test]
    fn nothing_goes_while_the_database_lets_its_callers_in() {
        for (from, to) in [
            ("demo7/ambient-install", "demo7/ambient"),
            ("demo7/ambient", "demo7/ambient-install"),
            ("demo7/ambient-traces", "demo3/allow"),
            ("demo3/allow", "demo7/ambient-traces"),
            ("demo2/deploy", "demo7/ambient-traces"),
        ] {
            assert!(on_the_way(from, to).is_empty(), "{from} to {to}");
        }
    }

    #[test]
    fn waypoints_policies_are_for_no_pod() {
        let waypoint = json!({ "spec": { "targetRefs": [{ "name": "waypoint" }] } });
        assert!(in_the_way(&[waypoint], |_| false).is_empty());
    }
}
