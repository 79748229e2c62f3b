//! Claims that a page view is as many traces as its stage says, with those spans.

use anyhow::Context;

use super::forest::{Mesh, Mode, forest};
use crate::claims::claim::Claim;
use crate::claims::target::Target;
use crate::observe::jaeger::{Trace, of_request};
use crate::observe::shop::ShopClient;

/// In the mesh of sidecars.
pub(in crate::claims) fn traces(target: &Target, mode: Mode) -> anyhow::Result<Vec<Claim>> {
    of_a_view(&target.shop, Mesh::Sidecars, mode, "one page view")
}

/// A page view at `shop`, which the claims call `view`.
///
/// # Errors
/// When the shop does not answer, or Jaeger cannot be asked.
pub(in crate::claims) fn of_a_view(
    shop: &ShopClient,
    mesh: Mesh,
    mode: Mode,
    view: &str,
) -> anyhow::Result<Vec<Claim>> {
    // During the first view, proxies may still learn their routes; its spans do not count.
    shop.view();
    let page = shop.view_with_id()?;
    let id = page.request_id().with_context(|| {
        let (status, body) = (page.status, page.body.trim());
        format!("the page has no request_id to find its traces by: status {status}: {body:.200}")
    })?;
    let calls = page.calls().iter();
    let cached: Vec<bool> = calls.map(|call| call.cached == Some(true)).collect();
    let wanted = forest(mesh, mode, &cached);
    let spans = wanted.concat().lines().count();
    let seen = of_request(id, spans)?;
    let count = seen.iter().map(|trace| trace.spans.len()).sum::<usize>();
    let mut trees: Vec<String> = seen.iter().map(Trace::tree).collect();
    trees.sort();
    let saved = cached.iter().filter(|cached| **cached).count();
    let other_trees = if trees == wanted {
        String::new()
    } else {
        format!("\n{}", trees.join("\n"))
    };
    Ok(vec![
        Claim::new(
            format!("{view} is {} traces", wanted.len()),
            seen.len() == wanted.len(),
            format!("{} traces", seen.len()),
        ),
        Claim::new(
            format!("of {spans} spans ({saved} statements saved by the cache)"),
            count == spans,
            format!("{count} spans, of the request {id}"),
        ),
        Claim::new(
            "nothing dangles: each span's parent is there",
            !seen.is_empty() && seen.iter().all(|trace| trace.roots().len() == 1),
            "",
        ),
        Claim::new(
            "each span of a service or a proxy is at its place in the trees",
            trees == wanted,
            other_trees,
        ),
    ])
}
