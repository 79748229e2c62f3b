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

/// The proxies that a page view passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::claims) enum Mesh {
    /// A sidecar in each pod; visitors come to web's.
    Sidecars,
    /// A waypoint before each API, and none before web, to which visitors come straight.
    Straight,
    /// The same, and visitors come by the ingress gateway, which asks web's waypoint.
    Gateway,
}

impl Mesh {
    /// The proxies between a visitor and web, the first first.
    fn arrival(self) -> &'static [&'static str] {
        match self {
            Self::Sidecars => &[WEB_SIDECAR],
            Self::Straight => &[],
            // A gateway reports what it got and what it sends, a waypoint only the one.
            Self::Gateway => &[GATEWAY, GATEWAY, WAYPOINT],
        }
    }

    /// The proxies between web and the service that a call reaches.
    fn hop(self, call: usize) -> Vec<String> {
        match self {
            Self::Sidecars => vec![WEB_SIDECAR.to_owned(), format!("{} (sidecar)\n", api(call))],
            Self::Straight | Self::Gateway => vec![WAYPOINT.to_owned()],
        }
    }
}

/// A span of web's sidecar, through which web is called, and makes its calls.
const WEB_SIDECAR: &str = "web.widgetario (sidecar)\n";
const WAYPOINT: &str = "waypoint.widgetario (waypoint)\n";
const GATEWAY: &str = "istio-ingressgateway.istio-system (gateway)\n";
/// web's own span of a page.
const PAGE: &str = "web.widgetario GET /api/shop\n";
/// web's own span of a call.
const CALL: &str = "web.widgetario GET\n";

/// The trees of a page view, in order, given which of its five calls, products first, came from a
/// cache.
pub(super) fn forest(mesh: Mesh, mode: Mode, cached: &[bool]) -> Vec<String> {
    let hops = (0..cached.len()).map(|call| chain(&mesh.hop(call), None));
    let served = (0..cached.len()).map(|call| served(call, cached[call]));
    let arrival = mesh.arrival();
    let mut forest: Vec<String> = match mode {
        Mode::Unlinked => {
            let calls = cached.iter().map(|_| CALL.to_owned());
            let web = [chain(arrival, None), tree(PAGE, calls)];
            web.into_iter().chain(hops).chain(served).collect()
        }
        Mode::Predecessor => [chain(arrival, None)].into_iter().chain(hops).collect(),
        // Where nothing arrives, there is nothing to pass on.
        Mode::Headers if arrival.is_empty() => hops.collect(),
        Mode::Headers => vec![chain(arrival, hops)],
        Mode::Linked => {
            let calls = served
                .enumerate()
                .map(|(call, served)| tree(CALL, [chain(&mesh.hop(call), [served])]));
            vec![chain(arrival, [tree(PAGE, calls)])]
        }
    };
    forest.retain(|tree| !tree.is_empty());
    forest.sort();
    forest
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

/// Each of the `lines` below the one before it, and the `children` below the last; without lines only
/// the children.
fn chain<L: AsRef<str>>(lines: &[L], children: impl IntoIterator<Item = String>) -> String {
    match lines {
        [] => children.into_iter().collect(),
        [line] => tree(line.as_ref(), children),
        [line, rest @ ..] => tree(
            line.as_ref(),
            [chain(rest, children.into_iter().collect::<Vec<_>>())],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forests_have_as_many_trees_and_spans_as_the_documents_say() {
        for (mesh, mode, trees, spans) in [
            (Mesh::Sidecars, Mode::Unlinked, 12, 27),
            (Mesh::Sidecars, Mode::Predecessor, 6, 11),
            (Mesh::Sidecars, Mode::Headers, 1, 11),
            (Mesh::Sidecars, Mode::Linked, 1, 27),
            (Mesh::Gateway, Mode::Unlinked, 12, 24),
            (Mesh::Gateway, Mode::Predecessor, 6, 8),
            (Mesh::Gateway, Mode::Headers, 1, 8),
            (Mesh::Gateway, Mode::Linked, 1, 24),
            (Mesh::Straight, Mode::Unlinked, 11, 21),
            (Mesh::Straight, Mode::Predecessor, 5, 5),
            (Mesh::Straight, Mode::Headers, 5, 5),
            (Mesh::Straight, Mode::Linked, 1, 21),
        ] {
            let forest = forest(mesh, mode, &[false; 5]);
            assert_eq!(forest.len(), trees, "{mesh:?}, {mode:?}");
            assert_eq!(forest.concat().lines().count(), spans, "{mesh:?}, {mode:?}");
        }
    }

    #[test]
    fn what_the_cache_knew_is_not_asked_of_the_database() {
        let cached = [false, true, true, true, true];
        let linked = forest(Mesh::Sidecars, Mode::Linked, &cached).concat();
        assert_eq!(linked.lines().count(), 23);
        assert!(
            linked.contains("            products-api.widgetario SELECT products\n"),
            "{linked}"
        );
    }

    #[test]
    fn waypoint_stands_between_the_span_of_a_call_and_the_one_that_serves_it() {
        let linked = forest(Mesh::Gateway, Mode::Linked, &[true]).concat();
        let lines: Vec<&str> = linked.lines().map(str::trim_start).collect();
        assert_eq!(
            lines,
            [
                "istio-ingressgateway.istio-system (gateway)",
                "istio-ingressgateway.istio-system (gateway)",
                "waypoint.widgetario (waypoint)",
                "web.widgetario GET /api/shop",
                "web.widgetario GET",
                "waypoint.widgetario (waypoint)",
                "products-api.widgetario GET /products",
            ]
        );
    }
}
