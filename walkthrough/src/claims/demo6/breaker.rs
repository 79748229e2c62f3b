//! A limit for the calls that are under way to a slow service.

use std::thread::sleep;
use std::time::Duration;

use web::contract::{Cause, UpstreamCall};

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::demo4::faults::TIMER_ERROR_MS;
use crate::claims::latencies::Latencies;
use crate::claims::proportion::Share;
use crate::claims::routes;
use crate::claims::target::Target;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{get, items};
use crate::observe::endpoints::{UNLIMITED, calls_at_once};
use crate::observe::page::{Page, statuses};
use crate::observe::prometheus::{Counters, Growth};
use crate::observe::shop::ShopClient;
use crate::observe::wait::{eventually, wait_until};

/// The same numbers as in the demo's files.
const PLACES: u32 = 16;
const DELAY_MS: f64 = 800.0 - TIMER_ERROR_MS;
/// By how much a call may take longer, on a busy laptop.
const OVERHEAD_MS: f64 = 150.0;
const FILE: &str = "istio/demo6/breaker/connection-pool.yaml";

/// How many pages a second visitors ask for, and how many calls of stock-api each makes.
const PAGES: u32 = 10;
const ROWS: u32 = 4;
/// How long they ask, and how long it takes at most until all places are taken.
const SECONDS: u32 = 17;
const RAMP_SECONDS: u32 = 2;
/// After so long Prometheus knows all that was before: it reads the counters every 5 s.
const SCRAPED: Duration = Duration::from_secs(7);

/// Those who meet the breaker and those who pass it by, at the same time.
struct Sides {
    limited: Vec<Page>,
    unlimited: Vec<Page>,
}

pub(in crate::claims) fn breaker(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let shop = &target.shop;
    let route = routes::arrive("stock-api")?;
    let limit = limit()?;
    // The delay is in another sidecar, which learns of it at its own time.
    wait_until(|| {
        shop.view()
            .stock_calls()
            .any(|call| call.latency_ms >= DELAY_MS)
    });
    load_is_over()?;
    sleep(SCRAPED);
    let counters = Counters::now(vec![counter(""), counter("response_flags=\"UO\"")])?;
    let sides = Sides::of(shop);
    let (made, turned_away) = sides.counts();
    let counted = counters.growth_until(|| (), |by| by[0] >= made && by[1] >= turned_away)?;
    Ok(vec![
        route,
        limit,
        sides.little(),
        sides.are_counted(&counted),
        sides.at_once(),
        sides.unharmed(),
        sides.pages(),
        analysis::of_cluster()?,
    ])
}

/// web's sidecar limits the calls of visitors, and not those of test users.
fn limit() -> anyhow::Result<Claim> {
    let mut held = (None, None);
    let wanted = (Some(u64::from(PLACES)), Some(UNLIMITED));
    eventually(|| {
        held = (calls_at_once("v1")?, calls_at_once("unlimited")?);
        Ok((held == wanted).then_some(()))
    })?;
    Ok(Claim::new(
        format!(
            "web's sidecar has {PLACES} places for calls of stock-api, but test users need none"
        ),
        held == wanted,
        format!("{}, and {}", in_words(held.0), in_words(held.1)),
    ))
}

fn in_words(limit: Option<u64>) -> String {
    match limit {
        Some(UNLIMITED) => "no limit".to_owned(),
        Some(places) => places.to_string(),
        None => "no such subset".to_owned(),
    }
}

/// Waits until fortio's pod, which this stage removes, visits the shop no more.
fn load_is_over() -> anyhow::Result<()> {
    eventually(|| {
        let pods = get(&["pods", "-n", SHOP, "--selector", "app=fortio"])?;
        let is_over = items(&pods).next().is_none();
        Ok(is_over.then_some(()))
    })?;
    Ok(())
}

/// web's calls of stock-api that have `labels`, as web's sidecar counts them.
fn counter(labels: &str) -> String {
    format!(
        "istio_requests_total{{reporter=\"source\",source_app=\"web\",\
         destination_service_name=\"stock-api\",{labels}}}"
    )
}

fn calls(pages: &[Page]) -> impl Iterator<Item = &UpstreamCall> {
    pages.iter().flat_map(Page::stock_calls)
}

fn is_overflow(call: &UpstreamCall) -> bool {
    let finding = call.finding.as_ref();
    call.status == Some(503) && finding.is_some_and(|finding| finding.cause == Cause::Overflow)
}

fn is_served(call: &UpstreamCall) -> bool {
    call.status == Some(200)
}

impl Sides {
    /// Both ask at the same rate.
    fn of(shop: &ShopClient) -> Self {
        let views = |headers: &'static [(&str, &str)]| {
            let ask = |shop: &ShopClient| shop.get("/api/shop", headers);
            shop.load(PAGES, SECONDS, ask).0
        };
        std::thread::scope(|scope| {
            let unlimited = scope.spawn(|| views(&[("end-user", "tester")]));
            Self {
                limited: views(&[]),
                unlimited: unlimited.join().expect("nobody panics"),
            }
        })
    }

    /// How many calls they made, and how many of these were turned away.
    #[expect(clippy::cast_precision_loss, reason = "some hundreds of calls")]
    fn counts(&self) -> (f64, f64) {
        let made = calls(&self.limited).count() + calls(&self.unlimited).count();
        let turned_away = calls(&self.limited).filter(|call| is_overflow(call));
        (made as f64, turned_away.count() as f64)
    }

    /// Judges the growth of both counters. Calls of other visitors may be turned away, too.
    fn are_counted(&self, growth: &Growth) -> Claim {
        let text = "web's sidecar counts them all, under the response flag UO";
        let (made, turned_away) = self.counts();
        let (all, overflows) = (growth.by[0], growth.by[1]);
        if all > made {
            let others = all - made;
            let why = format!(
                "{others:.0} other calls came meanwhile: end other loads, and close pages with Live"
            );
            return Claim::not_proven(text, why);
        }
        Claim::new(
            text,
            growth.is_enough && overflows <= turned_away && turned_away > 0.0,
            format!("{overflows:.0} counted, {turned_away:.0} seen by web"),
        )
    }

    /// Little's law (<https://en.wikipedia.org/wiki/Little%27s_law>): as many calls are under way as
    /// are served a second, times what each takes. A place that becomes free also waits until the next
    /// page is asked for, which is a tenth of a second at most.
    fn little(&self) -> Claim {
        let ramp = (PAGES * RAMP_SECONDS) as usize;
        let steady = self.limited.get(ramp..).unwrap_or_default();
        let share = Share::count(calls(steady), |call| is_overflow(call));
        let taken = mean(
            calls(steady)
                .filter(|call| is_served(call))
                .filter_map(|call| call.upstream_ms),
        );
        let asked = f64::from(PAGES * ROWS) / 1000.0; // a millisecond
        let beyond = |taken: f64| 1.0 - f64::from(PLACES) / (asked * taken);
        let (least, most) = (beyond(taken), beyond(taken + 1000.0 / f64::from(PAGES)));
        let (low, high) = share.interval();
        let is_slow = (DELAY_MS..DELAY_MS + OVERHEAD_MS).contains(&taken);
        Claim::new(
            "a half to 56 % of the calls are turned away: 16 places of 0.8 s serve 20 of 40 a second",
            is_slow && low <= most && high >= least,
            format!(
                "{}; by Little's law {:.1} to {:.1} %, as a place was taken for {taken:.0} ms",
                share.evidence(),
                100.0 * least,
                100.0 * most
            ),
        )
    }

    fn at_once(&self) -> Claim {
        let waits = latencies(calls(&self.limited).filter(|call| is_overflow(call)));
        Claim::new(
            "they are answered at once: 99 of 100 within a quarter of what a call takes",
            !waits.is_empty() && waits.percentile(99) < DELAY_MS / 4.0,
            waits.to_string(),
        )
    }

    fn unharmed(&self) -> Claim {
        let limited = latencies(calls(&self.limited).filter(|call| is_served(call)));
        let unlimited = latencies(calls(&self.unlimited).filter(|call| is_served(call)));
        let is_all = unlimited.len() == self.unlimited.len() * ROWS as usize;
        let difference = limited.percentile(50) - unlimited.percentile(50);
        Claim::new(
            "the others take as long as those of test users, of which all are served",
            is_all && !limited.is_empty() && difference.abs() <= TIMER_ERROR_MS,
            format!(
                "{} in {limited}; of test users {} in {unlimited}",
                limited.len(),
                unlimited.len()
            ),
        )
    }

    fn pages(&self) -> Claim {
        let good = self
            .limited
            .iter()
            .filter(|page| page.status == 200)
            .count();
        let names_the_file = |call: &UpstreamCall| {
            let finding = call.finding.as_ref();
            finding.and_then(|finding| finding.file.as_deref()) == Some(FILE)
        };
        let mut overflows = calls(&self.limited).filter(|call| is_overflow(call));
        let is_named =
            overflows.by_ref().next().is_some_and(names_the_file) && overflows.all(names_the_file);
        Claim::new(
            "every page is 200, and names the file with the limit",
            good == self.limited.len() && is_named,
            statuses(&self.limited),
        )
    }
}

fn latencies<'a>(calls: impl Iterator<Item = &'a UpstreamCall>) -> Latencies {
    calls.map(|call| call.latency_ms).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / f64::max(count, 1.0)
}
