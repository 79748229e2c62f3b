//! What the stages claim, and how that is measured: a function for each stage, in the file of its
//! demo, or in one of its folder.

mod access;
pub(crate) mod addon;
mod analysis;
pub(crate) mod claim;
mod cluster_state;
mod demo1;
mod demo2;
mod demo3;
mod demo4;
mod demo5;
mod demo6;
mod demo7;
mod latencies;
mod load;
mod network;
mod proportion;
mod routes;
pub(crate) mod target;

use std::thread;

use anyhow::{Context, anyhow};

use self::claim::{Claim, Verdict};
use self::demo4::{canary, faults, ingress, resilience};
use self::demo5::forest::Mode;
use self::demo5::{grafana, kiali, traces};
use self::demo6::{alert, breaker, egress, egress_supplier, exemplars, jwt, mirror, rate_limit};
use self::demo7::{
    ambient, ambient_canary, ambient_faults, ambient_identity, ambient_install, ambient_traces,
    gateway_api, gateway_rules, gateway_timeout, selector_policy, waypoints,
};
use self::target::Target;
use crate::documents::Documents;

/// Measures what a stage claims. Returns a claim for each sentence that it judges, in their order; an
/// error when the cluster cannot be asked.
type Measurement = fn(&Target) -> anyhow::Result<Vec<Claim>>;

/// Each stage by its key, with its measurement.
const STAGES: &[(&str, Measurement)] = &[
    ("demo1/install", |_| demo1::install()),
    ("demo1/addons", demo1::addons),
    ("demo2/namespace", demo2::namespace),
    ("demo2/deploy", demo2::deploy),
    // fortio waits for 3 s by default.
    ("demo2/load", |target| Ok(load::load(target, 3.0))),
    ("demo3/service-accounts", demo3::service_accounts),
    ("demo3/strict-mtls", demo3::strict_mtls),
    ("demo3/deny-all", demo3::deny_all),
    ("demo3/allow", demo3::allow),
    ("demo3/allow-buy", demo3::allow_buy),
    ("demo3/sleep", |_| demo3::sleep()),
    ("demo4/canary-v2", canary::v2),
    ("demo4/canary-75-25", |target| canary::split(target, 0.25)),
    ("demo4/canary-50-50", |target| canary::split(target, 0.5)),
    ("demo4/canary-0-100", |target| canary::split(target, 1.0)),
    ("demo4/fault-abort", |target| {
        faults::abort(target, "web's sidecar")
    }),
    ("demo4/fault-delay", faults::delay),
    ("demo4/fault-test-users", faults::test_users),
    ("demo4/resilience-faults", resilience::faults),
    ("demo4/resilience-retries", resilience::retries),
    ("demo4/resilience-timeout", resilience::timeout),
    ("demo4/resilience-outliers", resilience::outliers),
    ("demo4/ingress", |target| Ok(ingress::ingress(target))),
    ("demo5/load", |target| Ok(load::load(target, 5.0))),
    ("demo5/kiali", kiali::kiali),
    ("demo5/grafana", grafana::grafana),
    ("demo5/traces-unlinked", |target| {
        traces::traces(target, Mode::Unlinked)
    }),
    ("demo5/traces-predecessor", |target| {
        traces::traces(target, Mode::Predecessor)
    }),
    ("demo5/traces-headers", |target| {
        traces::traces(target, Mode::Headers)
    }),
    ("demo5/traces", |target| {
        traces::traces(target, Mode::Linked)
    }),
    ("demo6/load", |_| demo6::load::load()),
    ("demo6/egress", egress::egress),
    ("demo6/egress-supplier", egress_supplier::supplier),
    ("demo6/mirror", mirror::mirror),
    ("demo6/breaker", breaker::breaker),
    ("demo6/rate-limit", rate_limit::rate_limit),
    ("demo6/jwt", jwt::jwt),
    ("demo6/exemplars", exemplars::exemplars),
    ("demo6/alert", alert::fires),
    ("demo6/alert-resolved", alert::resolved),
    ("demo7/gateway-api", gateway_api::gateway_api),
    ("demo7/gateway-canary-75-25", |target| {
        canary::split(target, 0.25)
    }),
    ("demo7/gateway-canary-50-50", |target| {
        canary::split(target, 0.5)
    }),
    ("demo7/gateway-canary-0-100", |target| {
        canary::split(target, 1.0)
    }),
    ("demo7/gateway-timeout", gateway_timeout::timeout),
    ("demo7/gateway-rules", gateway_rules::test_users),
    ("demo7/ambient-install", ambient_install::install),
    ("demo7/ambient", ambient::ambient),
    ("demo7/ambient-refused", ambient_identity::refused),
    ("demo7/ambient-identity", ambient_identity::identity),
    ("demo7/selector-policy", selector_policy::selector_policy),
    ("demo7/waypoints", waypoints::waypoints),
    ("demo7/ambient-canary", |target| {
        ambient_canary::split(target, 0.25)
    }),
    ("demo7/ambient-faults", ambient_faults::faults),
    ("demo7/ambient-fault-over", ambient_faults::over),
    ("demo7/ambient-traces-unlinked", |target| {
        ambient_traces::traces(target, Mode::Unlinked)
    }),
    ("demo7/ambient-traces-predecessor", |target| {
        ambient_traces::traces(target, Mode::Predecessor)
    }),
    ("demo7/ambient-traces-headers", |target| {
        ambient_traces::traces(target, Mode::Headers)
    }),
    ("demo7/ambient-traces", |target| {
        ambient_traces::traces(target, Mode::Linked)
    }),
];

/// The stages whose measurement changes the cluster, and ends as it began. They are measured only where the
/// cluster is at the stage.
const MOVING: [&str; 1] = ["demo7/ambient"];

/// The claims of the stage at `position`: those that every stage makes, and its own.
///
/// # Errors
/// When the documents cannot be read. A measurement that fails is a claim that fails.
pub(crate) fn of_stage(
    documents: &Documents,
    position: usize,
    target: &Target,
) -> anyhow::Result<Vec<Claim>> {
    let cluster = || cluster_state::holds_the_documents(documents, position);
    let measured = || of_shop(documents, position, target);
    let key = &documents.stages[position].key;
    let (cluster, measured) = if MOVING.contains(&key.as_str()) {
        let cluster = cluster()?;
        let measured = match cluster.verdict {
            Verdict::Holds => measured()?,
            _ => vec![Claim::not_measured(&anyhow!(
                "the cluster is not at this stage; `widgetario run {key}` brings it there"
            ))],
        };
        (cluster, measured)
    } else {
        thread::scope(|scope| {
            // It only reads what the cluster holds, so that it disturbs no measurement.
            let cluster = scope.spawn(cluster);
            let measured = measured()?;
            anyhow::Ok((cluster.join().expect("nobody panics")?, measured))
        })?
    };
    let mut claims = vec![cluster];
    claims.extend(measured);
    Ok(claims)
}

/// The claims of the stage at `position` about the shop and the mesh.
fn of_shop(documents: &Documents, position: usize, target: &Target) -> anyhow::Result<Vec<Claim>> {
    let key = documents.stages[position].key.as_str();
    let mut claims = Vec::new();
    // Before there is a shop, and while deny-all closes it, nobody answers.
    if position >= documents.position("demo2/deploy")? && key != "demo3/deny-all" {
        let shop = cluster_state::shop_is_in_the_cluster(target);
        claims.push(shop.unwrap_or_else(|error| Claim::not_measured(&error)));
    }
    let measured = measurement(key).and_then(|measure| measure(target));
    claims.extend(measured.unwrap_or_else(|error| vec![Claim::not_measured(&error)]));
    Ok(claims)
}

fn measurement(key: &str) -> anyhow::Result<Measurement> {
    let stage = STAGES.iter().find(|(known, _)| *known == key);
    let (_, measurement) =
        stage.with_context(|| format!("nothing is known of what {key} claims"))?;
    Ok(*measurement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_of_the_documents_and_those_that_are_measured_are_the_same() {
        let documents = Documents::open().expect("the documents");
        let documented: Vec<&str> = documents
            .stages
            .iter()
            .map(|stage| stage.key.as_str())
            .collect();
        let measured: Vec<&str> = STAGES.iter().map(|(key, _)| *key).collect();
        assert_eq!(documented, measured);
    }
}
