//! `widgetario verify`: what a stage claims, measured on the cluster.

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use crate::claims;
use crate::claims::addon::Addon;
use crate::claims::claim::{Claim, Verdict};
use crate::claims::target::Target;
use crate::cleanup;
use crate::cluster::consent::Consent;
use crate::cluster::mesh::Mesh;
use crate::cluster::objects::Wanted;
use crate::documents::{Documents, Stage};
use crate::entrance::Entrances;
use crate::observe::shop::ShopClient;
use crate::prose::Prose;
use crate::tally::Tally;

/// Where to measure, and how to tell.
#[derive(Args)]
pub(crate) struct Options {
    /// The shop, as a visitor reaches it; by default at localhost:8010, or by a port-forward where that
    /// does not answer
    #[arg(long)]
    url: Option<String>,

    /// Istio's ingress gateway; by default at port 80 of localhost, or by a port-forward where that does
    /// not answer
    #[arg(long)]
    gateway: Option<String>,

    /// What this cluster cannot run: claims about it count as not proven
    #[arg(long, value_delimiter = ',')]
    without: Vec<Addon>,

    /// Write JSON, one object a claim, and one at the end that counts them
    #[arg(long)]
    pub(crate) json: bool,
}

/// The stages to verify.
#[derive(Args)]
pub struct Verify {
    /// Such as `demo4/canary-75-25`; `widgetario stages` lists them. Only demo7/ambient changes the cluster: if
    /// it is at that stage, the shop's pods are led back to sidecars, and into ambient again
    #[arg(required_unless_present = "all")]
    key: Option<String>,

    /// Reach each stage in turn, which changes the cluster, and verify it
    #[arg(long, conflicts_with = "key")]
    all: bool,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    options: Options,
}

/// Verifies stages; the status tells whether all claims hold.
///
/// # Errors
/// When the documents or the cluster cannot be read.
pub fn verify(arguments: &Verify) -> anyhow::Result<ExitCode> {
    let documents = Documents::open()?;
    let chosen = documents.chosen(arguments.key.as_deref())?;
    arguments.consent.check()?;
    cleanup::watch_for_interruption()?;
    let options = &arguments.options;
    let mut tally = Tally::new(options.json);
    let mut entrances = options.entrances();
    for position in chosen {
        let begin = Instant::now();
        if is_left_out(&documents, position, options, &mut tally)? {
            continue;
        }
        if arguments.all
            && let Err(error) = Wanted::after(&documents, position + 1)?.reach()
        {
            tally.broke_off(&documents.stages[position..], &error)?;
            break;
        }
        stage(&documents, position, options, &mut entrances, &mut tally)?;
        tally.took(&documents.stages[position].key, begin.elapsed());
    }
    tally.close()
}

impl Options {
    /// The entrances of the shop that is measured.
    pub(crate) fn entrances(&self) -> Entrances {
        let prose = Prose {
            beside_json: self.json,
        };
        Entrances::new(self.url.as_deref(), self.gateway.as_deref(), prose)
    }
}

/// Whether the stage at `position` needs an ambient mesh, and the user went without: then its one claim
/// is not proven.
///
/// # Errors
/// When the documents cannot be read, or nobody reads what is written.
pub(crate) fn is_left_out(
    documents: &Documents,
    position: usize,
    options: &Options,
    tally: &mut Tally,
) -> anyhow::Result<bool> {
    let mesh = Mesh::of(&documents.root, &documents.stages[..=position])?;
    let needs_ambient = mesh.is_some_and(|mesh| mesh.is_ambient);
    let is_left_out = needs_ambient && options.without.contains(&Addon::Ambient);
    if is_left_out {
        let claim = Claim::not_proven("what it claims", Addon::Ambient.left_out());
        tally.report(&documents.stages[position].key, &[claim], 0.0)?;
    }
    Ok(is_left_out)
}

/// How often a stage is measured, at most, because the way to the shop was interrupted.
const ATTEMPTS: usize = 3;

/// Verifies the stage at `position` and writes its claims. Returns whether the first of them holds: the
/// cluster is as the documents make it.
///
/// # Errors
/// When the documents cannot be read, or nobody reads what is written.
pub(crate) fn stage(
    documents: &Documents,
    position: usize,
    options: &Options,
    entrances: &mut Entrances,
    tally: &mut Tally,
) -> anyhow::Result<bool> {
    let stage = &documents.stages[position];
    let begin = Instant::now();
    open(stage, entrances)?;
    let mut attempt = 1;
    let claims = loop {
        let before = entrances.interruptions();
        let claims = measured(documents, position, options, entrances)?;
        let fails = claims.iter().any(|claim| claim.verdict == Verdict::Fails);
        // What fails may fail because the way to the shop was interrupted.
        let is_interrupted =
            fails && (entrances.interruptions() > before || open(stage, entrances)?);
        if !is_interrupted {
            break claims;
        }
        if attempt == ATTEMPTS {
            break interrupted(claims);
        }
        attempt += 1;
        let prose = Prose {
            beside_json: options.json,
        };
        prose.line("  the way to the shop was interrupted: everything is measured once more")?;
    };
    tally.report(&stage.key, &claims, begin.elapsed().as_secs_f64())?;
    Ok(is_as_documented(&claims))
}

/// The claims of a stage, measured once.
fn measured(
    documents: &Documents,
    position: usize,
    options: &Options,
    entrances: &Entrances,
) -> anyhow::Result<Vec<Claim>> {
    let target = Target {
        root: &documents.root,
        shop: ShopClient::at(entrances.shop()),
        gateway: ShopClient::at(entrances.gateway()),
        without: &options.without,
    };
    claims::of_stage(documents, position, &target)
}

/// The claims of a stage whose measurement was interrupted each time. Where the cluster is not as it
/// should be, because web itself is broken, they keep their verdicts.
fn interrupted(claims: Vec<Claim>) -> Vec<Claim> {
    if is_as_documented(&claims) {
        claims.into_iter().map(Claim::interrupted).collect()
    } else {
        claims
    }
}

/// Whether the first claim of a stage holds, which is about the cluster.
fn is_as_documented(claims: &[Claim]) -> bool {
    let first = claims.first();
    first.is_some_and(|cluster| cluster.verdict == Verdict::Holds)
}

/// Opens the entrances that are measured in a stage. Returns whether an address has changed.
fn open(stage: &Stage, entrances: &mut Entrances) -> anyhow::Result<bool> {
    let mut has_changed = entrances.open_shop()?;
    for line in stage.lines() {
        has_changed |= entrances.open_named(line)?;
    }
    Ok(has_changed)
}
