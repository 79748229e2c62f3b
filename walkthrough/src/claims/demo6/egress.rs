//! The shop's pods reach nothing that the mesh does not know.

use web::contract::{Cause, UpstreamCall};

use crate::claims::analysis;
use crate::claims::claim::{Claim, abridged};
use crate::claims::proportion::Share;
use crate::claims::target::Target;
use crate::observe::callers::Caller;
use crate::observe::page::Page;
use crate::observe::supplier;
use crate::observe::wait::wait_until;

/// How many pages are looked at.
pub(super) const PAGES: usize = 50;

/// The file that lets calls of the supplier out.
const OPENS: &str = "istio/demo6/egress/service-entry.yaml";

pub(in crate::claims) fn egress(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let kept_in = |page: &Page| page.supplier_call().is_some_and(is_kept_in);
    wait_until(|| kept_in(&target.shop.view()));
    let pages = target.shop.views(PAGES, &[]);
    let kept = Share::count(&pages, |page| kept_in(page));
    let complete = Share::count(&pages, |page| page.is_complete());
    let last = pages.last().and_then(Page::supplier_call);
    let html = target.shop.get("/", &[]);
    Ok(vec![
        supplier_answers()?,
        Claim::new(
            "on every page web's own sidecar answers 502 in the supplier's place, and the finding names the \
             file that opens it",
            kept.hits == kept.total,
            format!("{} of {}; the last: {}", kept.hits, kept.total, told(last)),
        ),
        Claim::new(
            "no page misses anything else",
            complete.hits == complete.total,
            format!("{} of {} complete", complete.hits, complete.total),
        ),
        Claim::new(
            "the page says it beside what is sold out",
            html.status == 200
                && html
                    .body
                    .contains("<small>Blocked by web&#39;s sidecar</small>"),
            format!("status {}", html.status),
        ),
        nothing_else_gets_out()?,
        analysis::of_cluster()?,
    ])
}

/// Whether the mesh did not let the call of the supplier out.
fn is_kept_in(call: &UpstreamCall) -> bool {
    let finding = call.finding.as_ref();
    let says = |cause, file| {
        finding.is_some_and(|finding| finding.cause == cause && finding.file.as_deref() == file)
    };
    call.status == Some(502)
        && call.upstream_ms.is_none()
        && says(Cause::NotRegistered, Some(OPENS))
}

/// A call in a few words.
pub(super) fn told(call: Option<&UpstreamCall>) -> String {
    let Some(call) = call else {
        return "the supplier was not asked".to_owned();
    };
    let status = call
        .status
        .map_or("none".to_owned(), |status| status.to_string());
    let finding = call.finding.as_ref().map_or("", |finding| &finding.title);
    format!("{} {}: {status} {finding}", call.method, call.path)
}

/// The supplier is there, whoever else may be kept from it.
fn supplier_answers() -> anyhow::Result<Claim> {
    let deliveries = supplier::deliveries()?;
    Ok(Claim::new(
        "the supplier itself answers, asked past the mesh",
        !deliveries.is_empty(),
        format!("{deliveries:?}"),
    ))
}

/// Each service of the shop gets 502 for an address that the mesh does not know, though a server answers
/// there.
///
/// # Errors
/// When the supplier's pod cannot be found.
pub(super) fn nothing_else_gets_out() -> anyhow::Result<Claim> {
    let url = supplier::nameless_url()?;
    let callers = [Caller::Web, Caller::Products, Caller::Stock];
    let answers = callers.map(|caller| (caller, caller.ask_all("GET", &[&url]).concat()));
    let is_kept_in = answers
        .iter()
        .all(|(_, answer)| answer.starts_with("502 Bad Gateway"));
    let answers = answers.map(|(caller, answer)| format!("{caller:?}: {answer}"));
    Ok(Claim::new(
        "called by its address instead of its name, it is out of reach for each service of the shop: 502",
        is_kept_in,
        abridged(&answers),
    ))
}
