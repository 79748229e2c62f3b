//! The shop goes back to sidecars, and into ambient again, while visitors come.

use anyhow::Context;

use crate::claims::claim::Claim;
use crate::claims::latencies::Latencies;
use crate::claims::target::Target;
use crate::cluster::MESH;
use crate::cluster::SHOP;
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
        let go = || {
            before.reach()?;
            let sidecars = pods_with_sidecars()?;
            let needed = memory_of(is_sidecar, sidecars)?;
            again.reach()?;
            anyhow::Ok((sidecars, needed))
        };
        let (pages, gone) = target.shop.load_during(RATE, |shop| shop.get("/", &[]), go);
        let (sidecars, needed) = gone.context("on the way to sidecars and back")?;
        let memory = [needed, memory_of(is_ztunnel, 1)?, memory_of(is_agent, 1)?];
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

fn pods_with_sidecars() -> anyhow::Result<usize> {
    let pods = pods::running()?;
    Ok(pods.iter().filter(|pod| Sidecar::of(pod).is_some()).count())
}

fn is_sidecar(container: &Container) -> bool {
    container.namespace == SHOP && container.name == "istio-proxy"
}

fn is_ztunnel(container: &Container) -> bool {
    container.namespace == MESH && container.pod.starts_with("ztunnel-")
}

fn is_agent(container: &Container) -> bool {
    container.namespace == MESH && container.name == "install-cni"
}

/// The bytes that all containers of a kind need; waits until at least `count` of them are measured.
fn memory_of(is_of_the_kind: fn(&Container) -> bool, count: usize) -> anyhow::Result<u64> {
    let measured = eventually(|| {
        let mut containers = containers()?;
        containers.retain(is_of_the_kind);
        let bytes = containers.iter().map(|container| container.bytes).sum();
        Ok((containers.len() >= count).then_some(bytes))
    })?;
    measured.context("kubelet measures no memory of the mesh's containers")
}
