//! Who may do what: a truth table, compared with the results that pods get.

use std::collections::BTreeMap;
use std::mem;
use std::time::{Duration, Instant};

use super::callers::{Caller, Request};
use crate::parallel::parallel;

/// The result of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProbeResult {
    /// The called service answered.
    Answered,
    /// A policy refused it: 403, or the connection was closed by the database's sidecar.
    Refused,
    /// No answer came, because the request was plain text and mutual TLS is demanded, or because
    /// ztunnel, which has no 403, ended the connection.
    Cut,
    /// The caller's own sidecar answered that the called end did not let it in.
    NotLetIn,
    /// Anything else, in its own words.
    Other(String),
}

/// A sidecar has a new policy within a second. However, a connection that was already open stays
/// under the old policy until it is drained, which takes up to 45 s.
const POLICY_DELAY: Duration = Duration::from_secs(50);

/// How many callers ask at the same time.
const AT_ONCE: usize = 6;

/// How many times in a row a result of a caller must come: each sidecar, and each of its threads, takes up
/// a new policy at its own time.
///
/// A connection that is under the old policy ends with its next answer. After a load, web's sidecar holds
/// up to two hundred of them to stock-api, of which it is asked five different things.
fn in_a_row(caller: Caller) -> usize {
    match caller {
        Caller::Web => 40,
        _ => 3,
    }
}

impl ProbeResult {
    /// Reads the line that `probe` wrote about a request.
    fn of(line: &str, request: Request) -> Self {
        let was_cut = ["reset by peer", "closed before", "closed connection"];
        // What a sidecar says when it lost the connection, and when it found no pod, differs in the body.
        let is_lost = match request.method {
            "HEAD" => status(line) == Some(503),
            _ => line.starts_with("503 ") && line.contains("reset reason: connection termination"),
        };
        let status = status(line);
        // The answer to HEAD has no body, but only a policy answers 403.
        let is_refused = match request.method {
            "HEAD" => status == Some(403),
            _ => line.contains("RBAC: access denied"),
        };
        if is_refused || (request.is_for_database() && line.contains("refused:")) {
            Self::Refused
        } else if is_lost {
            Self::NotLetIn
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

/// The status with which the line about a request begins.
fn status(line: &str) -> Option<u16> {
    line.split(' ').next()?.parse().ok()
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

/// A request of a caller, and the result that it must have.
#[derive(Clone)]
struct Cell {
    caller: Caller,
    request: Request,
    expected: ProbeResult,
}

/// Makes each of `requests` from each of `callers`. Returns how many requests that were, and a line
/// for each whose result is not the `expected` one.
pub(crate) fn differing(
    expected: impl Fn(Caller, Request) -> ProbeResult,
    callers: &[Caller],
    requests: &[Request],
) -> (usize, Vec<String>) {
    let deadline = Instant::now() + POLICY_DELAY;
    // A caller makes all of its requests of a method at once.
    let mut batches: Vec<Vec<Cell>> = Vec::new();
    for caller in callers {
        for requests in of_one_method(requests) {
            let cell = |request: &Request| Cell {
                caller: *caller,
                request: *request,
                expected: expected(*caller, *request),
            };
            batches.push(requests.iter().map(cell).collect());
        }
    }
    let ask = || {
        let differing = parallel(AT_ONCE, &batches, |batch| differences(batch, deadline));
        differing.concat()
    };
    let mut differing = ask();
    if differing.is_empty() {
        // Some may have been right by the policies of before. Now that all are right, each sidecar has
        // the new ones.
        differing = ask();
    }
    (callers.len() * requests.len(), differing)
}

/// `requests`, those of the same method together.
fn of_one_method(requests: &[Request]) -> impl Iterator<Item = Vec<Request>> {
    let mut groups = BTreeMap::<&str, Vec<Request>>::new();
    for request in requests {
        groups.entry(request.method).or_default().push(*request);
    }
    groups.into_values()
}

/// Makes the requests of a caller, all of the same method, until each had the expected result often enough
/// in a row. Returns a line for each whose last result is another one after the `deadline`.
fn differences(cells: &[Cell], deadline: Instant) -> Vec<String> {
    let mut pending = cells.to_vec();
    let mut lines = Vec::new();
    // Who does not answer at all would be waited for each time.
    let mut times = 1;
    while let Some(Cell {
        caller, request, ..
    }) = pending.first()
    {
        let urls: Vec<&str> = pending.iter().map(|cell| cell.request.url).collect();
        let answers = caller.ask_all(request.method, &urls.repeat(times));
        let is_over = Instant::now() > deadline;
        let is_enough = times == in_a_row(*caller);
        times = in_a_row(*caller);
        for (place, cell) in mem::take(&mut pending).into_iter().enumerate() {
            let own = answers.iter().skip(place).step_by(urls.len());
            let results: Vec<_> = own
                .map(|line| ProbeResult::of(line, cell.request))
                .collect();
            let last = results.last();
            if last
                .is_some_and(|last| matches!(last, ProbeResult::Other(_)) && *last != cell.expected)
            {
                times = 1;
            }
            match last {
                _ if is_enough && results.iter().all(|result| *result == cell.expected) => {}
                Some(last) if is_over && *last != cell.expected => {
                    lines.push(cell.difference(last));
                }
                _ => pending.push(cell),
            }
        }
    }
    lines
}

impl Cell {
    fn difference(&self, actual: &ProbeResult) -> String {
        let Self {
            caller,
            request: Request { method, url },
            expected,
        } = self;
        format!("{caller:?} {method} {url}: {actual:?}, not {expected:?}")
    }
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
        let lost = "503 Service Unavailable upstream connect error or disconnect/reset before headers. \
                    reset reason: connection termination in 8.8ms";
        assert_eq!(result(lost, page), ProbeResult::NotLetIn);
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
