//! Who may do what: a truth table, compared with the results that pods get.

use std::thread;
use std::time::{Duration, Instant};

use super::callers::{Caller, Request};

/// The result of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProbeResult {
    /// The called service answered.
    Answered,
    /// A policy refused it: 403, or the connection was closed by the database's sidecar.
    Refused,
    /// No answer came, because the request was plain text and mutual TLS is demanded.
    Cut,
    /// Anything else, in its own words.
    Other(String),
}

/// A sidecar has a new policy within a second. However, a connection that was already open stays
/// under the old policy until it is drained, which takes up to 45 s; after a load there are many of
/// these.
const POLICY_DELAY: Duration = Duration::from_secs(50);

/// How many requests are made at the same time.
const AT_ONCE: usize = 6;

impl ProbeResult {
    /// Reads the line that `probe` wrote about a request.
    fn of(line: &str, request: Request) -> Self {
        let was_cut = ["reset by peer", "closed before", "closed connection"];
        let status = line
            .split(' ')
            .next()
            .and_then(|word| word.parse::<u16>().ok());
        // The answer to HEAD has no body, but only a policy answers 403.
        let is_refused = match request.method {
            "HEAD" => status == Some(403),
            _ => line.contains("RBAC: access denied"),
        };
        if is_refused || (request.is_for_database() && line.contains("refused:")) {
            Self::Refused
        } else if was_cut.iter().any(|cut| line.contains(cut)) {
            Self::Cut
        } else if status.is_some_and(|status| is_own_answer(request.method, status))
            || line.starts_with("PostgreSQL answers")
        {
            Self::Answered
        } else {
            Self::Other(line.to_owned())
        }
    }
}

/// Whether the called service itself gives this answer. To GET it shows what there is. A sale
/// without a body it refuses in its own way; 404 and 405 are answers of services without such a
/// path.
fn is_own_answer(method: &str, status: u16) -> bool {
    match method {
        "GET" | "HEAD" => status == 200,
        _ => status < 500 && !matches!(status, 403..=405),
    }
}

/// Asks until the expected result came three times in a row; after the deadline, any other result
/// counts.
fn result(
    caller: Caller,
    request: Request,
    expected: &ProbeResult,
    deadline: Instant,
) -> ProbeResult {
    let mut right = 0;
    loop {
        let result = ProbeResult::of(&caller.ask(request), request);
        right = if result == *expected { right + 1 } else { 0 };
        if right == 3 || (right == 0 && Instant::now() > deadline) {
            return result;
        }
    }
}

/// Makes each of `requests` from each of `callers`. Returns how many requests that were, and a line
/// for each whose result is not the `expected` one.
pub(crate) fn differing(
    expected: impl Fn(Caller, Request) -> ProbeResult + Sync,
    callers: &[Caller],
    requests: &[Request],
) -> (usize, Vec<String>) {
    let deadline = Instant::now() + POLICY_DELAY;
    let mut cells = Vec::new();
    for caller in callers {
        cells.extend(requests.iter().map(|request| (*caller, *request)));
    }
    let difference = |&(caller, request): &(Caller, Request)| {
        let expected = expected(caller, request);
        let actual = result(caller, request, &expected, deadline);
        let Request { method, url } = request;
        (actual != expected)
            .then(|| format!("{caller:?} {method} {url}: {actual:?}, not {expected:?}"))
    };
    let differing = thread::scope(|scope| {
        let difference = &difference;
        let shares: Vec<_> = cells
            .chunks(cells.len().div_ceil(AT_ONCE).max(1))
            .map(|share| {
                scope.spawn(move || share.iter().filter_map(difference).collect::<Vec<_>>())
            })
            .collect();
        let differing = shares.into_iter().map(thread::ScopedJoinHandle::join);
        differing
            .flat_map(|share| share.expect("nobody panics"))
            .collect()
    });
    (cells.len(), differing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_called_services_own_answer_is_one() {
        let page = Request::new("GET", "http://widgetario-web.widgetario:8010/api/shop");
        let result = |line, request| ProbeResult::of(line, request);
        assert_eq!(result("200 OK {} in 1.2ms", page), ProbeResult::Answered);
        assert_eq!(
            result("403 Forbidden RBAC: access denied in 1ms", page),
            ProbeResult::Refused
        );
        for line in ["404 Not Found in 1ms", "503 no healthy upstream in 1ms"] {
            assert_eq!(result(line, page), ProbeResult::Other(line.into()));
        }
        let sale = Request::new("POST", "http://stock-api.widgetario/stock/1/sales");
        assert_eq!(
            result("415 Unsupported Media Type in 1ms", sale),
            ProbeResult::Answered
        );
        assert_ne!(result("404 Not Found in 1ms", sale), ProbeResult::Answered);
        let database = Request::new("GET", "postgres://products-db.widgetario:5432");
        assert_eq!(
            result("refused: early eof in 1ms", database),
            ProbeResult::Refused
        );
    }
}
