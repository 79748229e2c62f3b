//! An alert that fires while a fault lasts, and is over after it.

use std::time::{Duration, Instant};

use crate::claims::claim::Claim;
use crate::claims::demo4::faults::{ABORTED, is_aborted};
use crate::claims::proportion::{Share, judge, sample_size};
use crate::claims::routes;
use crate::claims::target::Target;
use crate::observe::alerts::{Alert, State};
use crate::observe::prometheus::query;
use crate::observe::wait::within;

const ALERT: &str = "WebCallsFail";
/// For how many seconds the condition must hold: the same number as in its file.
const HOLD: f64 = 60.0;
/// Longer than the condition takes to begin, and to last for a minute.
const FIRES_WITHIN: Duration = Duration::from_secs(150);
/// Longer than failures stay in the rates of the condition, which are those of half a minute.
const ENDS_WITHIN: Duration = Duration::from_secs(90);
/// Visits between two questions about the alert, so that there is something to count.
const VISITS: usize = 8;

pub(in crate::claims) fn fires(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("stock-api")?;
    let calls = judge(
        "20 % of the calls of stock-api fail, which is 16 % of all of web's calls",
        ABORTED,
        sample_size(ABORTED),
        |n| Share::count(target.shop.stock_calls(n), |call| is_aborted(call, "web")),
    );
    let mut claims = vec![route, calls];
    claims.extend(rises(target)?);
    Ok(claims)
}

/// Visits the shop until the alert fires.
fn rises(target: &Target) -> anyhow::Result<[Claim; 3]> {
    let first = Alert::get(ALERT)?;
    let mut pending = None;
    let firing = within(FIRES_WITHIN, || {
        target.shop.views(VISITS, &[]);
        let alert = Alert::get(ALERT)?;
        if alert.state == State::Pending {
            pending = alert.active;
        }
        Ok((alert.state == State::Firing).then_some(alert))
    })?;
    let active = firing.as_ref().and_then(|alert| alert.active);
    let share = share(firing.as_ref())?;
    Ok([
        Claim::new(
            "the alert is pending for a minute",
            is(first.hold, HOLD) && (first.state == State::Firing || pending.is_some()),
            match pending {
                Some(seconds) => {
                    format!("its rule says {} s; seen after {seconds:.0} s", first.hold)
                }
                None => format!("its rule says {} s; {:?} at first", first.hold, first.state),
            },
        ),
        Claim::new(
            "then it fires",
            active.is_some_and(|active| active >= HOLD),
            active.map_or("it does not".into(), |active| {
                format!("after {active:.0} s")
            }),
        ),
        Claim::new(
            "and tells how many of web's calls fail",
            share.is_some_and(|share| (0.1..0.25).contains(&share)),
            share.map_or("nothing".into(), |share| format!("{:.0} %", 100.0 * share)),
        ),
    ])
}

/// The share that an alert tells, if its condition holds.
fn share(alert: Option<&Alert>) -> anyhow::Result<Option<f64>> {
    let Some(alert) = alert else {
        return Ok(None);
    };
    let series = query(&alert.condition)?;
    Ok(series.first().map(|(_, share)| *share))
}

fn is(number: f64, expected: f64) -> bool {
    (number - expected).abs() < f64::EPSILON
}

pub(in crate::claims) fn resolved(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("stock-api")?;
    let begin = Instant::now();
    let mut pages = Vec::new();
    let inactive = within(ENDS_WITHIN, || {
        pages.extend(target.shop.views(VISITS, &[]));
        let alert = Alert::get(ALERT)?;
        Ok((alert.state == State::Inactive).then(|| begin.elapsed().as_secs()))
    })?;
    let complete = pages.iter().filter(|page| page.is_complete()).count();
    let text = "the alert is resolved";
    let resolved = if Alert::fired_lately(ALERT)? {
        let evidence = inactive.map_or("it is still active".into(), |seconds| {
            format!("{seconds} s after the first visit")
        });
        Claim::new(text, inactive.is_some(), evidence)
    } else {
        Claim::not_proven(text, "it did not fire lately: run demo6/alert first")
    };
    Ok(vec![
        route,
        Claim::new(
            "no call fails any more",
            complete == pages.len(),
            format!("{complete} of {} pages are complete", pages.len()),
        ),
        resolved,
    ])
}
