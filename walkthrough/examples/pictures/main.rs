//! Takes the pictures of the README and of the documents anew, from a shop that runs in a mesh:
//! `cargo run -p walkthrough --example pictures`, or with some of their names.
//!
//! Each stage is run as a presenter runs it. The page is photographed by Chromium (by way of
//! `chromedriver`, which must be installed); the traces are drawn from what Jaeger's API tells.

mod camera;
mod drawing;

use std::fs;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Parser;

use camera::{Act, photograph};
use walkthrough::observe::jaeger::{Trace, of_request};
use walkthrough::observe::shop::ShopClient;

/// Take the pictures of the documents anew.
#[derive(Parser)]
struct Options {
    /// Which; all of them when none is named
    names: Vec<String>,

    /// The shop, as a visitor reaches it
    #[arg(long, default_value = "http://localhost:8010")]
    url: String,

    /// Photograph the cluster as it is, and run no stage
    #[arg(long)]
    as_is: bool,
}

/// A picture, and the stage that it is of.
struct Picture {
    name: &'static str,
    stage: &'static str,
    subject: Subject,
}

enum Subject {
    /// The page at this address after an act.
    Page(&'static str, Act),
    /// The traces of one visit, of so many spans at least.
    Traces(usize),
}

/// Until stock-api asks its database again, a little more than its setting.
const CACHE_EXPIRY: Duration = Duration::from_secs(46);
/// What Live shows.
const WINDOW: Duration = Duration::from_mins(2);

const PICTURES: [Picture; 11] = [
    picture(
        "shop",
        "demo2/deploy",
        Subject::Page("/", Act::Scroll("body")),
    ),
    picture(
        "xray",
        "demo3/service-accounts",
        Subject::Page("/", Act::Scroll(".xray")),
    ),
    picture(
        "refused",
        "demo3/allow",
        Subject::Page("/", Act::Click(".buy button", ".notice", "body")),
    ),
    picture(
        "canary",
        "demo4/canary-75-25",
        Subject::Page("/?live=10&expect=25", Act::Wait(WINDOW)),
    ),
    picture(
        "fault",
        "demo4/fault-abort",
        Subject::Page("/?live=10", Act::Wait(WINDOW)),
    ),
    picture(
        "test-user",
        "demo4/fault-test-users",
        Subject::Page(
            "/",
            Act::Click("[name=on][value=true]", "[name=on][value=false]", ".xray"),
        ),
    ),
    picture(
        "traces-before",
        "demo5/traces-predecessor",
        Subject::Traces(11),
    ),
    picture("traces-after", "demo5/traces", Subject::Traces(27)),
    picture(
        "blocked",
        "demo6/egress",
        Subject::Page("/", Act::Scroll(".xray")),
    ),
    picture(
        "delivery",
        "demo6/egress-supplier",
        Subject::Page("/", Act::Scroll("body")),
    ),
    picture(
        "rate-limit",
        "demo6/rate-limit",
        Subject::Page("/?live=10", Act::Wait(WINDOW)),
    ),
];

const fn picture(name: &'static str, stage: &'static str, subject: Subject) -> Picture {
    Picture {
        name,
        stage,
        subject,
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    for name in &options.names {
        let names = PICTURES.map(|picture| picture.name);
        ensure!(
            names.contains(&name.as_str()),
            "{name} is no picture: there are {}",
            names.join(", ")
        );
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures");
    fs::create_dir_all(&folder)?;
    for picture in PICTURES {
        if !options.names.is_empty() && !options.names.iter().any(|name| name == picture.name) {
            continue;
        }
        if !options.as_is {
            run(picture.stage)?;
        }
        let file = match picture.subject {
            Subject::Page(path, act) => {
                let photo = photograph(&format!("{}{path}", options.url), &act).await?;
                let file = folder.join(picture.name).with_extension("png");
                fs::write(&file, photo)?;
                file
            }
            Subject::Traces(spans) => {
                sleep(CACHE_EXPIRY);
                let traces = visit(&options.url, spans)?;
                let file = folder.join(picture.name).with_extension("svg");
                fs::write(&file, drawing::draw(traces))?;
                file
            }
        };
        let _ = writeln!(stdout(), "{}", file.display());
    }
    Ok(())
}

/// Visits the shop at `url`, and waits for that visit's traces, of at least so many spans.
fn visit(url: &str, spans: usize) -> anyhow::Result<Vec<Trace>> {
    let page = ShopClient::at(url).view();
    let request = page.request_id().with_context(|| {
        format!(
            "no x-request-id arrived: the shop is in no mesh, or it answers {}: {}",
            page.status,
            page.body.trim()
        )
    })?;
    let traces = of_request(request, spans)?;
    let count: usize = traces.iter().map(|trace| trace.spans.len()).sum();
    ensure!(count >= spans, "{count} of {spans} spans have come");
    Ok(traces)
}

/// Brings the cluster to a stage.
fn run(stage: &str) -> anyhow::Result<()> {
    let _ = writeln!(stdout(), "{stage} ...");
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--", "run", stage, "--yes"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cargo cannot be started")?;
    if !status.success() {
        bail!("{stage} did not hold: `cargo run -- run {stage}` says why");
    }
    Ok(())
}
