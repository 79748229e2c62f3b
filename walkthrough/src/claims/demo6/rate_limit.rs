//! A limit for the calls in a time, kept by the called service's sidecar.

use std::thread::sleep;
use std::time::{Duration, Instant};

use web::contract::{Cause, SaleOutcome, UpstreamCall};

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::target::Target;
use crate::observe::access_log::{Entry, ids, is_of, of_pages};
use crate::observe::page::{Page, statuses};
use crate::observe::wait::wait_until;

/// The same numbers as in the demo's file: the tokens of the full bucket, and the seconds that it takes to
/// fill it.
const TOKENS: f64 = 40.0;
const FILL_SECONDS: f64 = 10.0;
const FILE: &str = "istio/demo6/rate-limit/local-rate-limit.yaml";
/// By how many calls a count may differ: the bucket holds parts of tokens, and the log says when a call
/// began, not when it got its token.
const TOLERANCE: f64 = 2.0;
/// Within how many seconds the calls of a page come, of which any may be the first to find no token.
const TOGETHER: f64 = 0.08;

/// Six pages a second ask stock-api 24 times, and the bucket gets four tokens.
const PAGES: u32 = 6;
const ROWS: usize = 4;
/// The full bucket lasts 2 s; after that it is empty for 10 s or longer.
const SECONDS: u32 = 14;

pub(in crate::claims) fn rate_limit(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let shop = &target.shop;
    wait_until(|| shop.stock_calls(100).iter().any(is_refused));
    let begin = Instant::now();
    // Nobody can see how many tokens there are; without calls, the bucket fills up.
    sleep(Duration::from_secs_f64(FILL_SECONDS + 1.0));
    let (pages, _) = shop.load(PAGES, SECONDS, |shop| shop.get("/api/shop", &[]));
    let sales = sales(&shop.sales(20));
    let log = Log::of(begin, &pages)?;
    Ok(vec![
        log.bucket(),
        log.refill(),
        refusals(&pages),
        sales,
        analysis::of_cluster()?,
    ])
}

fn is_refused(call: &UpstreamCall) -> bool {
    call.status == Some(429)
}

/// The calls that stock-api's sidecar logged.
struct Log {
    /// In the order of their times, from the first call of the pages on.
    calls: Vec<LoggedCall>,
    /// How many came in the time before, in which the bucket should have filled up.
    earlier: usize,
}

/// A call in the log.
struct LoggedCall {
    /// Seconds after the first call of the pages.
    at: f64,
    is_refused: bool,
}

impl Log {
    /// Reads what was logged since `begin`, for `pages` and for other visitors.
    fn of(begin: Instant, pages: &[Page]) -> anyhow::Result<Self> {
        let entries = of_pages("deployment/stock-api", begin, pages, ROWS)?;
        let ids = ids(pages);
        let own = entries.iter().find(|entry| is_of(entry, &ids));
        let start = own.map_or(0.0, |entry| entry.second);
        let call = |entry: &Entry| LoggedCall {
            at: entry.after(start),
            is_refused: entry.status == 429 && entry.flags == "RL",
        };
        let mut calls: Vec<LoggedCall> = entries.iter().map(call).collect();
        calls.sort_by(|one, other| one.at.total_cmp(&other.at));
        // Envoy logs a call at its end, so that the first line may not be of the first call.
        let is_earlier = |call: &LoggedCall| call.at < -TOGETHER;
        let is_in_pause = |call: &&LoggedCall| is_earlier(call) && call.at > -FILL_SECONDS;
        let earlier = calls.iter().filter(is_in_pause).count();
        calls.retain(|call| !is_earlier(call) && call.at < f64::from(SECONDS));
        Ok(Self { calls, earlier })
    }

    /// When the first and the last call came that found no token.
    fn refused(&self) -> Option<(f64, f64)> {
        let mut refused = self.calls.iter().filter(|call| call.is_refused);
        let first = refused.next()?.at;
        Some((first, refused.next_back()?.at))
    }

    /// How many calls passed after the second `from`, and until the second `to`. Those that came together
    /// with a refused one count as earlier than it.
    fn passed(&self, from: f64, to: f64) -> f64 {
        let is_between = |call: &&LoggedCall| call.at > from + TOGETHER && call.at <= to + TOGETHER;
        let calls = self.calls.iter().filter(is_between);
        #[expect(clippy::cast_precision_loss, reason = "some hundreds of calls")]
        let passed = calls.filter(|call| !call.is_refused).count() as f64;
        passed
    }

    /// The full bucket, and what came into it until it was empty.
    fn bucket(&self) -> Claim {
        let text = "after a pause of 10 s, 40 calls find a token at once";
        if self.earlier > 0 {
            let why = format!(
                "{} other calls came in the pause: end other loads, and close pages with Live",
                self.earlier
            );
            return Claim::not_proven(text, why);
        }
        let Some((first, _)) = self.refused() else {
            return Claim::new(text, false, self.none());
        };
        let passed = self.passed(f64::NEG_INFINITY, first);
        let expected = TOKENS + TOKENS / FILL_SECONDS * first;
        Claim::new(
            text,
            (passed - expected).abs() <= TOLERANCE,
            format!(
                "{passed:.0} passed before the first 429; {TOKENS} and 4 for each of {first:.2} s are \
                 {expected:.1}"
            ),
        )
    }

    /// What passes while the bucket is empty is what comes into it.
    fn refill(&self) -> Claim {
        let text = "from then on exactly 40 calls in 10 s pass, however many are made";
        let Some((first, last)) = self.refused() else {
            return Claim::new(text, false, self.none());
        };
        let (passed, seconds) = (self.passed(first, last), last - first);
        let expected = TOKENS / FILL_SECONDS * seconds;
        Claim::new(
            text,
            seconds >= FILL_SECONDS && (passed - expected).abs() <= TOLERANCE,
            format!("{passed:.0} passed in {seconds:.2} s, which are worth {expected:.1}"),
        )
    }

    fn none(&self) -> String {
        format!("none of {} calls was refused", self.calls.len())
    }
}

/// The calls without a token: what web makes of them.
fn refusals(pages: &[Page]) -> Claim {
    let calls = pages.iter().flat_map(Page::stock_calls);
    let failed: Vec<&UpstreamCall> = calls.filter(|call| call.status != Some(200)).collect();
    let is_explained = |call: &&&UpstreamCall| {
        let Some(finding) = call.finding.as_ref() else {
            return false;
        };
        let file = finding.file.as_deref();
        let says_how_long = finding.text.contains("asks web to wait for 10 s");
        is_refused(call)
            && finding.cause == Cause::RateLimited
            && file == Some(FILE)
            && says_how_long
    };
    let explained = failed.iter().filter(is_explained).count();
    let good = pages.iter().filter(|page| page.status == 200).count();
    Claim::new(
        "the rest are 429 with `retry-after: 10`; the page names the file, and is always a 200",
        !failed.is_empty() && explained == failed.len() && good == pages.len(),
        format!(
            "{explained} of {} calls, pages: {}",
            failed.len(),
            statuses(pages)
        ),
    )
}

/// What a customer reads who cannot buy for want of a token; a sale that has one finds no such product.
fn sales(answers: &[Page]) -> Claim {
    let sales: Vec<_> = answers.iter().filter_map(Page::sale).collect();
    let refused = sales
        .iter()
        .filter(|sale| sale.outcome == SaleOutcome::Failed);
    let refused: Vec<&str> = refused.map(|sale| sale.message.as_str()).collect();
    let reached = sales
        .iter()
        .filter(|sale| sale.outcome == SaleOutcome::NotFound);
    let in_words = |message: &&&str| message.contains("nothing was sold") && message.contains(FILE);
    let explained = refused.iter().filter(in_words).count();
    Claim::new(
        "Buy says in words that nothing was sold, and names the file",
        explained > 0 && explained + reached.count() == answers.len(),
        format!(
            "{explained} of {}: {}",
            answers.len(),
            refused.first().unwrap_or(&"")
        ),
    )
}
