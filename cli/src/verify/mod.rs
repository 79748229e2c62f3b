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
mod proportion;
mod resilience;
pub(crate) mod shop;
pub(crate) mod traces;

use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use chassis::{OutputError, say};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::cluster::Consent;
use crate::stages::objects::Wanted;
use crate::stages::{Stage, all, position, root};
use shop::Shop;

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
    without: Vec<String>,

    /// Write JSON, one object a claim
    #[arg(long)]
    json: bool,
}

/// The stages to verify.
#[derive(Args)]
pub(crate) struct Verify {
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

/// What was found of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Holds,
    Fails,
    /// Said to be out of reach, by `--without`.
    NotProven,
}

/// Something that a stage says, and what was seen of it.
pub(crate) struct Claim {
    text: String,
    verdict: Verdict,
    evidence: String,
}

impl Claim {
    fn new(text: impl Into<String>, holds: bool, evidence: impl Into<String>) -> Self {
        let verdict = if holds {
            Verdict::Holds
        } else {
            Verdict::Fails
        };
        Self {
            text: text.into(),
            verdict,
            evidence: evidence.into(),
        }
    }

    fn not_proven(text: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            verdict: Verdict::NotProven,
            evidence: why.into(),
        }
    }
}

/// What the claims of a stage are measured with.
struct Bench<'a> {
    root: &'a Path,
    shop: Shop,
    gateway: Shop,
    without: &'a [String],
}

/// Verifies stages; the status tells whether all claims hold.
///
/// # Errors
/// When the documents or the cluster cannot be read.
pub(crate) fn verify(arguments: &Verify) -> anyhow::Result<ExitCode> {
    let (root, stages) = (root()?, all()?);
    let mut holds = true;
    if let Some(key) = &arguments.key {
        holds = stage(&root, &stages, position(&stages, key)?, &arguments.options)?;
    } else {
        arguments.consent.check()?;
        for place in 0..stages.len() {
            Wanted::after(&root, &stages, place + 1)?.reach()?;
            holds &= stage(&root, &stages, place, &arguments.options)?;
        }
    }
    Ok(if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Verifies the stage at `place` and writes the table of its claims. Whether none of them fails.
///
/// # Errors
/// When the documents cannot be read.
pub(crate) fn stage(
    root: &Path,
    stages: &[Stage],
    place: usize,
    options: &Options,
) -> anyhow::Result<bool> {
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
    let measured = measure(key, &bench);
    claims.extend(measured.unwrap_or_else(|error| vec![failed(&error)]));
    report(key, &claims, begin.elapsed().as_secs_f64(), options.json)?;
    Ok(claims.iter().all(|claim| claim.verdict != Verdict::Fails))
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
        "demo2/namespace" => demo2::namespace(),
        "demo2/deploy" => demo2::deploy(bench),
        "demo2/load" | "demo5/load" => Ok(demo2::load(bench)),
        "demo3/service-accounts" => demo3::service_accounts(bench),
        "demo3/strict-mtls" => demo3::strict_mtls(bench),
        "demo3/deny-all" => demo3::deny_all(bench),
        "demo3/allow" => demo3::allow(bench),
        "demo3/allow-buy" => demo3::allow_buy(bench),
        "demo3/sleep" => demo3::sleep(),
        "demo4/canary-v2" => demo4::canary_v2(bench),
        "demo4/canary-75-25" => Ok(demo4::canary(bench, 0.25)),
        "demo4/canary-50-50" => Ok(demo4::canary(bench, 0.5)),
        "demo4/canary-0-100" => Ok(demo4::canary(bench, 1.0)),
        "demo4/fault-abort" => demo4::fault_abort(bench),
        "demo4/fault-delay" => Ok(demo4::fault_delay(bench)),
        "demo4/fault-test-users" => Ok(demo4::fault_test_users(bench)),
        "demo4/resilience-faults" => Ok(resilience::faults(bench)),
        "demo4/resilience-retries" => resilience::retries(bench),
        "demo4/resilience-timeout" => resilience::timeout(bench),
        "demo4/resilience-outliers" => resilience::outliers(bench),
        "demo4/ingress" => Ok(demo4::ingress(bench)),
        "demo5/kiali" => demo5::kiali(bench),
        "demo5/grafana" => demo5::grafana(bench),
        "demo5/traces-unlinked" => demo5::traces(bench, 12, 27),
        "demo5/traces-predecessor" => demo5::traces(bench, 6, 11),
        "demo5/traces-headers" => demo5::traces(bench, 1, 11),
        "demo5/traces" => demo5::traces(bench, 1, 27),
        other => anyhow::bail!("nothing is known of what {other} claims"),
    }
}

fn report(key: &str, claims: &[Claim], seconds: f64, as_json: bool) -> Result<(), OutputError> {
    for claim in claims {
        let (text, evidence) = (&claim.text, &claim.evidence);
        if as_json {
            let verdict = claim.verdict;
            say!(
                "{}",
                json!({ "stage": key, "claim": text, "verdict": verdict, "evidence": evidence })
            )?;
            continue;
        }
        let verdict = match claim.verdict {
            Verdict::Holds => "holds",
            Verdict::Fails => "FAILS",
            Verdict::NotProven => "not proven",
        };
        let evidence = if evidence.is_empty() {
            String::new()
        } else {
            format!(": {evidence}")
        };
        say!("{verdict:10}  {key:24}  {text}{evidence}")?;
    }
    if !as_json {
        say!("{:10}  {key:24}  in {seconds:.0} s", "")?;
    }
    Ok(())
}
