//! The trees of spans that a page view should make.

/// How the services treat the headers that carry a trace; each stage about traces shows one mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::claims) enum Mode {
    /// They read and send none, and report spans of their own.
    Unlinked,
    /// They read and send none, and report nothing.
    Predecessor,
    /// They pass on what they read, and report nothing.
    Headers,
    /// They pass them on, and report spans of their own.
    Linked,
}

/// A span of web's sidecar, through which web is called, and makes its calls.
const WEB_SIDECAR: &str = "web.widgetario (sidecar)\n";
/// web's own span of a page.
const PAGE: &str = "web.widgetario GET /api/shop\n";
/// web's own span of a call.
const CALL: &str = "web.widgetario GET\n";

/// The trees of a page view, in order, given which of its five calls, products first, came from a
/// cache.
pub(super) fn forest(mode: Mode, cached: &[bool]) -> Vec<String> {
    let hops = (0..cached.len()).map(|call| tree(WEB_SIDECAR, [sidecar(call)]));
    let served = (0..cached.len()).map(|call| served(call, cached[call]));
    let mut forest = match mode {
        Mode::Unlinked => {
            let calls = cached.iter().map(|_| CALL.to_owned());
            let web = [WEB_SIDECAR.to_owned(), tree(PAGE, calls)];
            web.into_iter().chain(hops).chain(served).collect()
        }
        Mode::Predecessor => [WEB_SIDECAR.to_owned()].into_iter().chain(hops).collect(),
        Mode::Headers => vec![tree(WEB_SIDECAR, hops)],
        Mode::Linked => {
            let calls = served.enumerate().map(|(call, served)| {
                let callee = tree(&sidecar(call), [served]);
                tree(CALL, [tree(WEB_SIDECAR, [callee])])
            });
            vec![tree(WEB_SIDECAR, [tree(PAGE, calls)])]
        }
    };
    forest.sort();
    forest
}

/// The sidecar of the service that a call reaches.
fn sidecar(call: usize) -> String {
    format!("{} (sidecar)\n", api(call))
}

/// A service's own spans of a call: the statement is missing where its cache had the answer.
fn served(call: usize, is_cached: bool) -> String {
    let api = api(call);
    let route = match call {
        0 => "/products",
        _ => "/stock/{id}",
    };
    let statement = (!is_cached).then(|| format!("{api} SELECT products\n"));
    tree(&format!("{api} GET {route}\n"), statement)
}

fn api(call: usize) -> &'static str {
    match call {
        0 => "products-api.widgetario",
        _ => "stock-api.widgetario",
    }
}

/// The line `root`, and below it the sorted lines of its children, indented.
fn tree(root: &str, children: impl IntoIterator<Item = String>) -> String {
    let mut children: Vec<String> = children.into_iter().collect();
    children.sort();
    let children = children.concat();
    let children = children.lines().map(|line| format!("  {line}\n"));
    root.to_owned() + &children.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forests_have_as_many_trees_and_spans_as_the_documents_say() {
        for (mode, trees, spans) in [
            (Mode::Unlinked, 12, 27),
            (Mode::Predecessor, 6, 11),
            (Mode::Headers, 1, 11),
            (Mode::Linked, 1, 27),
        ] {
            let forest = forest(mode, &[false; 5]);
            assert_eq!(forest.len(), trees, "{mode:?}");
            assert_eq!(forest.concat().lines().count(), spans, "{mode:?}");
        }
    }

    #[test]
    fn what_the_cache_knew_is_not_asked_of_the_database() {
        let linked = forest(Mode::Linked, &[false, true, true, true, true]).concat();
        assert_eq!(linked.lines().count(), 23);
        assert!(
            linked.contains("            products-api.widgetario SELECT products\n"),
            "{linked}"
        );
    }
}
