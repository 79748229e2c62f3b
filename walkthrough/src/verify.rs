//! `widgetario verify`: what a stage claims, measured on the cluster.

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use crate::claims;
use crate::claims::addon::Addon;
use crate::claims::target::Target;
use crate::cleanup;
use crate::cluster::consent::Consent;
use crate::cluster::objects::Wanted;
use crate::documents::Documents;
use crate::observe::shop::ShopClient;
use crate::tally::Tally;

/// Where to measure, and how to tell.
#[derive(Args)]
pub(crate) struct Options {
    /// The shop, as a visitor reaches it
    #[arg(long, default_value = "http://localhost:8010")]
    url: String,

    /// Istio's ingress gateway
    #[arg(long, default_value = "http://localhost")]
    gateway: String,

    /// Add-ons that this cluster cannot run: claims about them count as not proven
    #[arg(long, value_delimiter = ',')]
    without: Vec<Addon>,

    /// Write JSON, one object a claim, and one at the end that counts them
    #[arg(long)]
    pub(crate) json: bool,
}

/// The stages to verify.
#[derive(Args)]
pub struct Verify {
    /// Such as `demo4/canary-75-25`; `widgetario stages` lists them
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
    for position in chosen {
        if arguments.all
            && let Err(error) = Wanted::after(&documents, position + 1)?.reach()
        {
            tally.broke_off(&documents.stages[position..], &error)?;
            break;
        }
        stage(&documents, position, options, &mut tally)?;
    }
    tally.close()
}

/// Verifies the stage at `position` and writes its claims.
///
/// # Errors
/// When the documents cannot be read, or nobody reads what is written.
pub(crate) fn stage(
    documents: &Documents,
    position: usize,
    options: &Options,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let target = Target {
        root: &documents.root,
        shop: ShopClient::at(&options.url),
        gateway: ShopClient::at(&options.gateway),
        without: &options.without,
    };
    let begin = Instant::now();
    let claims = claims::of_stage(documents, position, &target)?;
    let key = &documents.stages[position].key;
    tally.report(key, &claims, begin.elapsed().as_secs_f64())?;
    Ok(())
}
