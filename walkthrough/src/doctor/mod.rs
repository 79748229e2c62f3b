//! `widgetario doctor`: views the page once, and says at which hop its trace breaks, if it does. Which
//! proxies a hop has is asked of the cluster (`carrier`), and judged by the trace (`hops`).

mod carrier;
mod hops;

use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use chassis::say;
use clap::Args;

use self::carrier::Carrier;
use self::hops::{Carriers, Finding, findings};
use crate::cleanup;
use crate::cluster::consent::Consent;
use crate::entrance::{Entrances, SHOP_BY_HAND};
use crate::observe::jaeger::{Trace, of_request};
use crate::observe::page::Page;
use crate::observe::shop::ShopClient;
use crate::prose::Prose;

/// Where the shop is.
#[derive(Args)]
pub struct Options {
    /// The shop, as a visitor reaches it; by default at localhost:8010, or by a port-forward where that
    /// does not answer
    #[arg(long)]
    url: Option<String>,

    #[command(flatten)]
    consent: Consent,
}

/// Views the page once and explains its trace, hop by hop; the status tells whether it links.
///
/// # Errors
/// When the shop or Jaeger does not answer.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let prose = Prose { beside_json: false };
    let mut entrances = Entrances::new(options.url.as_deref(), None, prose);
    // A port-forward needs a pod in the cluster.
    if options.consent.check().is_ok() {
        cleanup::watch_for_interruption()?;
        entrances.open_shop()?;
    }
    let page = view(entrances.shop())?;
    let Some(id) = page.trace_id() else {
        // Without a cluster to ask, the answer is that of the sidecars.
        let web = Carrier::of("web", "widgetario-web").unwrap_or(Carrier::Nobody);
        say!("{}", hops::no_trace(web))?;
        return Ok(ExitCode::FAILURE);
    };
    say!("One page view, trace {id}:\n")?;
    let carriers = Carriers {
        web: Carrier::of("web", "widgetario-web")?,
        apis: [
            ("products-api", Carrier::of("products-api", "products-api")?),
            ("stock-api", Carrier::of("stock-api", "stock-api")?),
        ],
    };
    let (trace, others) = arrived(id, &page)?;
    let mut breaks = false;
    for finding in findings(page.calls(), &carriers, trace.as_ref(), &others) {
        match finding {
            Finding::Links(text) => say!("  links   {text}")?,
            Finding::Silent(text) => say!("  silent  {text}")?,
            Finding::Breaks(text) => {
                breaks = true;
                say!("  BREAKS  {text}")?;
            }
        }
    }
    say!("\n{}", trace.as_ref().map(Trace::tree).unwrap_or_default())?;
    if breaks {
        say!("The trace breaks.")?;
        return Ok(ExitCode::FAILURE);
    }
    say!("The trace links.")?;
    Ok(ExitCode::SUCCESS)
}

/// The shop's content, which names the trace and says what happened to each call.
fn view(url: &str) -> anyhow::Result<Page> {
    let page = ShopClient::at(url).view_with_id()?;
    let (status, body) = (page.status, page.body.trim());
    ensure!(
        status != 0,
        "{url} does not answer ({body}): is the shop deployed, as `kubectl get pods -n widgetario` \
         shows? Then `{SHOP_BY_HAND}` opens it"
    );
    ensure!(
        status == 200,
        "{url} answers {status}, so there is no page to follow: {body}"
    );
    if let Some(error) = page.misread() {
        bail!(
            "{url} answers what is no content of a shop ({error}): is its image of this version?"
        );
    }
    Ok(page)
}

/// The trace, if it has arrived, and the others of the same request, once no more spans arrive.
fn arrived(id: &str, page: &Page) -> anyhow::Result<(Option<Trace>, Vec<Trace>)> {
    let request = page.request_id().context("web names no x-request-id")?;
    let mut traces = of_request(request, 1)?;
    let position = traces.iter().position(|trace| trace.id == id);
    Ok((position.map(|position| traces.remove(position)), traces))
}
