//! The shop goes back to sidecars, and into ambient again, while visitors come.

use std::io::{Write, stderr};

use anyhow::Context;
use serde_json::Value;

use crate::claims::claim::Claim;
use crate::claims::latencies::Latencies;
use crate::claims::target::Target;
use crate::cleanup::Cleanup;
use crate::cluster::MESH;
use crate::cluster::kubectl::{get, items};
use crate::cluster::objects::Wanted;
use crate::cluster::pods;
use crate::cluster::sidecars::Sidecar;
use crate::documents::Documents;
use crate::observe::memory::{Container, containers, mebibytes};
use crate::observe::page::{Page, statuses};
use crate::observe::wait::eventually;

/// How often visitors come, in a second.
const RATE: u32 = 25;

/// What was observed on the way.
pub(super) struct Handover {
    pages: Vec<Page>,
    /// How many pods had a sidecar in between.
    sidecars: usize,
    /// What the sidecars needed, and what ztunnel and the CNI agents need after it, in bytes.
    memory: [u64; 3],
}

impl Handover {
    /// Brings the shop to the stage before `key` and to `key` again, under load.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub(super) fn back_and_again(target: &Target, key: &str) -> anyhow::Result<Self> {
        let documents = Documents::at(target.root.to_owned())?;
        let position = documents.position(key)?;
        let before = Wanted::after(&documents, position)?;
        let again = Wanted::after(&documents, position + 1)?;
        let run = format!("widgetario run {key}");
        let go = || {
            before.reach()?;
            let with_sidecar = pods_with_sidecars()?;
            let needed = memory_of("istio-proxy", &with_sidecar)?;
            again.reach()?;
            anyhow::Ok((with_sidecar.len(), needed))
        };
        let on_the_way = Cleanup::new(move || {
            let state = "the shop may have sidecars now";
            let _ = writeln!(stderr(), "widgetario: {state}; `{run}` brings it back");
        });
        let (pages, gone) = target.shop.load_during(RATE, |shop| shop.get("/", &[]), go);
        let (sidecars, needed) = gone.context("on the way to sidecars and back")?;
        on_the_way.dismiss();
        let memory = [
            needed,
            memory_of("istio-proxy", &agents("app=ztunnel")?)?,
            memory_of("install-cni", &agents("k8s-app=istio-cni-node")?)?,
        ];
        Ok(Self {
            pages,
            sidecars,
            memory,
        })
    }

    /// Nobody noticed.
    pub(super) fn claims(&self) -> Vec<Claim> {
        let (pages, sidecars) = (&self.pages, self.sidecars);
        let good = pages.iter().filter(|page| page.status == 200).count();
        let whole = pages.iter().filter(|page| page.shows_all()).count();
        let latencies: Latencies = pages.iter().map(|page| 1e3 * page.seconds).collect();
        let [sidecars_need, ztunnel, agents] = self.memory.map(mebibytes);
        vec![
            Claim::new(
                "back to sidecars, and into ambient again, with 25 visits a second: none fails",
                good == pages.len() && sidecars > 0,
                format!(
                    "{}, {latencies}; in between {sidecars} pods had a sidecar",
                    statuses(pages)
                ),
            ),
            Claim::new(
                "and no call behind them: each page shows all it should",
                whole == pages.len(),
                format!("{whole} of {} pages", pages.len()),
            ),
            Claim::new(
                "ztunnel and the CNI agents together need less memory than the shop's sidecars did",
                ztunnel + agents < sidecars_need,
                format!(
                    "{sidecars} sidecars {sidecars_need} MiB; ztunnel {ztunnel} MiB, and the CNI agents \
                     {agents} MiB"
                ),
            ),
        ]
    }
}

fn pods_with_sidecars() -> anyhow::Result<Vec<Value>> {
    let mut pods = pods::running()?;
    pods.retain(|pod| Sidecar::of(pod).is_some());
    Ok(pods)
}

/// The pods of one of the mesh's agents, one on each node.
fn agents(label: &str) -> anyhow::Result<Vec<Value>> {
    let pods = get(&["pods", "-n", MESH, "-l", label])?;
    let stay = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_null();
    Ok(items(&pods).filter(stay).cloned().collect())
}

/// The bytes that the containers called `name` of all `pods` need; waits until each of them is measured.
fn memory_of(name: &str, pods: &[Value]) -> anyhow::Result<u64> {
    let is_among = |container: &Container| {
        let mut metadata = pods.iter().map(|pod| &pod["metadata"]);
        metadata
            .any(|pod| pod["name"] == *container.pod && pod["namespace"] == *container.namespace)
    };
    let measured = eventually(|| {
        let mut containers = containers()?;
        containers.retain(|container| container.name == name && is_among(container));
        let bytes = containers.iter().map(|container| container.bytes).sum();
        let are_all = !pods.is_empty() && containers.len() == pods.len();
        Ok(are_all.then_some(bytes))
    })?;
    measured.with_context(|| format!("not every pod has a measured container {name}"))
}
