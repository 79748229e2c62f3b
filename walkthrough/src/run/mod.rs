//! `widgetario stages`, `run` and `undo`.

mod background;
mod own_engine;
mod play;
mod walk;

use std::process::ExitCode;
use std::time::Instant;

use chassis::say;
use clap::Args;

use self::walk::{Start, Walk};
use crate::cleanup;
use crate::cluster::MESH;
use crate::cluster::consent::Consent;
use crate::cluster::kubectl::{kubectl, output};
use crate::cluster::objects::Wanted;
use crate::documents::Documents;
use crate::prose::Prose;
use crate::tally::Tally;
use crate::verify;

/// The stage to run.
#[derive(Args)]
pub struct Run {
    /// Such as `demo4/canary-75-25`; `widgetario stages` lists them
    #[arg(required_unless_present = "all")]
    key: Option<String>,

    /// All stages, in order
    #[arg(long, conflicts_with = "key")]
    all: bool,

    /// Do not wait for Enter before each command
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    verify: verify::Options,
}

/// The stage to undo.
#[derive(Args)]
pub struct Undo {
    /// Such as `demo4/canary-75-25`
    key: String,

    /// Do not ask before anything is deleted
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    consent: Consent,
}

/// Lists the stages.
///
/// # Errors
/// When the documents cannot be read, or nobody reads the list.
pub fn list() -> anyhow::Result<ExitCode> {
    for stage in Documents::open()?.stages {
        say!("{:28} {}", stage.key, stage.title)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs stages; the status tells whether all of their claims hold.
///
/// # Errors
/// When the documents cannot be read, or the user did not agree to the cluster. A command that fails
/// is a claim that fails.
pub fn run(options: &Run) -> anyhow::Result<ExitCode> {
    let documents = Documents::open()?;
    let chosen = documents.chosen(options.key.as_deref())?;
    let context = options.consent.check()?;
    let prose = Prose {
        beside_json: options.verify.json,
    };
    let walk = Walk {
        documents: &documents,
        asks: !options.yes,
        prose,
    };
    walk.can_ask()?;
    cleanup::watch_for_interruption()?;
    background::remove();
    prose.line(&format!("On the cluster {context}."))?;
    let mut tally = Tally::new(options.verify.json);
    let mut entrances = options.verify.entrances();
    let mut start = Start::Unknown;
    for position in chosen.clone() {
        let begin = Instant::now();
        if verify::is_left_out(&documents, position, &options.verify, &mut tally)? {
            continue;
        }
        match walk.stage(position, start, &options.verify, &mut entrances, &mut tally) {
            Ok(next) => start = next,
            Err(error) => {
                tally.broke_off(&documents.stages[position..=*chosen.end()], &error)?;
                break;
            }
        }
        tally.took(&documents.stages[position].key, begin.elapsed());
    }
    tally.close()
}

/// Restores the stage before.
///
/// # Errors
/// When the cluster refuses.
pub fn undo(options: &Undo) -> anyhow::Result<ExitCode> {
    let documents = Documents::open()?;
    let position = documents.position(&options.key)?;
    let prose = Prose { beside_json: false };
    let walk = Walk {
        documents: &documents,
        asks: !options.yes,
        prose,
    };
    let context = options.consent.check()?;
    walk.can_ask()?;
    prose.line(&format!("On the cluster {context}."))?;
    walk.reach(&Wanted::after(&documents, position)?)?;
    if position == 0 {
        walk.ask("To be deleted: Istio, all of it")?;
        prose.text(&output("istioctl", &["uninstall", "--purge", "-y"])?)?;
        let delete = ["delete", "namespace", MESH, "--ignore-not-found"];
        prose.text(&kubectl(&delete)?)?;
    }
    prose.line(&format!("{} is undone.", options.key))?;
    Ok(ExitCode::SUCCESS)
}
