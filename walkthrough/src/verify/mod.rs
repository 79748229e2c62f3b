//! `widgetario verify`: what a stage claims, measured on the cluster.
//!
//! From outside over HTTP ([`shop`]), from inside with a pod's own identity ([`access`]), and from
//! Jaeger and Prometheus through the API server.

mod access;
mod demo1;
mod demo2;
mod demo3;
mod demo4;
mod demo5;
mod graph;
mod proportion;
mod report;
mod resilience;
mod route;
pub(crate) mod shop;
pub(crate) mod traces;

use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use crate::cleanup;
use crate::cluster::Consent;
use crate::stages::objects::Wanted;
use crate::stages::{Stage, all, position, root};
use report::Claim;
pub(crate) use report::Tally;
use shop::Shop;
use traces::Mode;

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

/// The add-ons without which the shop and its measurements work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Addon {
    Kiali,
    Grafana,
}

impl Addon {
    fn name(self) -> &'static str {
        match self {
            Self::Kiali => "kiali",
            Self::Grafana => "grafana",
        }
    }

    /// What makes its claims provable, when it was left out.
    fn left_out(self) -> String {
        let name = self.name();
        format!(
            "left out by `--without {name}`; to prove it, verify without that where \
             `kubectl rollout status deployment/{name} -n istio-system` succeeds"
        )
    }

    /// What makes its claims provable, when it does not answer.
    fn mended(self) -> String {
        let name = self.name();
        format!(
            "to prove this, {name} must run: `kubectl describe pods -n istio-system` says why it does \
             not, mostly an image that could not be pulled; `--without {name}` leaves it out"
        )
    }
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

/// What the claims of a stage are measured with.
struct Bench<'a> {
    root: &'a Path,
    shop: Shop,
    gateway: Shop,
    without: &'a [Addon],
}

/// Verifies stages; the status tells whether all claims hold.
///
/// # Errors
/// When the documents or the cluster cannot be read.
pub fn verify(arguments: &Verify) -> anyhow::Result<ExitCode> {
    let (root, stages) = (root()?, all()?);
    let chosen = match &arguments.key {
        Some(key) => position(&stages, key)?..=position(&stages, key)?,
        None => 0..=stages.len() - 1,
    };
    arguments.consent.check()?;
    cleanup::before_the_end()?;
    let options = &arguments.options;
    let mut tally = Tally::new(options);
    for place in chosen {
        let key = &stages[place].key;
        if arguments.all
            && let Err(error) = Wanted::after(&root, &stages, place + 1)?.reach()
        {
            tally.broke_off(key, &error)?;
            let rest = stages[place + 1..].iter();
            tally.not_reached(rest.map(|stage| stage.key.clone()));
            break;
        }
        stage(&root, &stages, place, options, &mut tally)?;
    }
    tally.close()
}

/// Verifies the stage at `place` and writes the table of its claims.
///
/// # Errors
/// When the documents cannot be read.
pub(crate) fn stage(
    root: &Path,
    stages: &[Stage],
    place: usize,
    options: &Options,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let key = stages[place].key.as_str();
    let bench = Bench {
        root,
        shop: Shop::at(&options.url),
        gateway: Shop::at(&options.gateway),
        without: &options.without,
    };
    let begin = Instant::now();
    let mut claims = Vec::new();
    let wanted = Wanted::after(root, stages, place + 1)?;
    claims.push(match wanted.differences() {
        Ok(differences) => Claim::new(
            "the cluster holds what the documents applied, and no more",
            differences.is_empty(),
            abridged(&differences),
        ),
        Err(error) => failed(&error),
    });
    // Before there is a shop, and when it is closed, there is nobody to ask.
    if place >= position(stages, "demo2/deploy")? && key != "demo3/deny-all" {
        claims.push(demo2::ours(&bench).unwrap_or_else(|error| failed(&error)));
    }
    let measured = measure(key, &bench);
    claims.extend(measured.unwrap_or_else(|error| vec![failed(&error)]));
    tally.report(key, &claims, begin.elapsed().as_secs_f64())?;
    Ok(())
}

/// Asks until there is something, for 40 s at most: images are pulled, Prometheus scrapes now and
/// then.
fn eventually<T>(mut ask: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<Option<T>> {
    let begin = Instant::now();
    loop {
        let found = ask()?;
        if found.is_some() || begin.elapsed() > Duration::from_secs(40) {
            return Ok(found);
        }
        sleep(Duration::from_secs(1));
    }
}

/// The first few of a list, and how many more there are.
fn abridged(list: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = list.iter().take(SHOWN).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join("; ");
    match list.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

/// A measurement that could not be made proves nothing, so it fails.
fn failed(error: &anyhow::Error) -> Claim {
    Claim::new("everything can be measured", false, format!("{error:#}"))
}

fn measure(key: &str, bench: &Bench) -> anyhow::Result<Vec<Claim>> {
    match key {
        "demo1/install" => demo1::install(),
        "demo1/addons" => demo1::addons(bench),
        "demo2/namespace" => demo2::namespace(bench),
        "demo2/deploy" => demo2::deploy(bench),
        // How long fortio waits: by default, and as demo 5 says.
        "demo2/load" => Ok(demo2::load(bench, 3.0)),
        "demo5/load" => Ok(demo2::load(bench, 5.0)),
        "demo3/service-accounts" => demo3::service_accounts(bench),
        "demo3/strict-mtls" => demo3::strict_mtls(bench),
        "demo3/deny-all" => demo3::deny_all(bench),
        "demo3/allow" => demo3::allow(bench),
        "demo3/allow-buy" => demo3::allow_buy(bench),
        "demo3/sleep" => demo3::sleep(),
        "demo4/canary-v2" => demo4::canary_v2(bench),
        "demo4/canary-75-25" => demo4::canary(bench, 0.25),
        "demo4/canary-50-50" => demo4::canary(bench, 0.5),
        "demo4/canary-0-100" => demo4::canary(bench, 1.0),
        "demo4/fault-abort" => demo4::fault_abort(bench),
        "demo4/fault-delay" => demo4::fault_delay(bench),
        "demo4/fault-test-users" => demo4::fault_test_users(bench),
        "demo4/resilience-faults" => resilience::faults(bench),
        "demo4/resilience-retries" => resilience::retries(bench),
        "demo4/resilience-timeout" => resilience::timeout(bench),
        "demo4/resilience-outliers" => resilience::outliers(bench),
        "demo4/ingress" => Ok(demo4::ingress(bench)),
        "demo5/kiali" => graph::kiali(bench),
        "demo5/grafana" => demo5::grafana(bench),
        "demo5/traces-unlinked" => demo5::traces(bench, Mode::Unlinked),
        "demo5/traces-predecessor" => demo5::traces(bench, Mode::Predecessor),
        "demo5/traces-headers" => demo5::traces(bench, Mode::Headers),
        "demo5/traces" => demo5::traces(bench, Mode::Linked),
        other => anyhow::bail!("nothing is known of what {other} claims"),
    }
}
