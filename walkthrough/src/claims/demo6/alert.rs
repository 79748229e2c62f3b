//! An alert that fires while a fault lasts, and is over after it.

use std::time::{Duration, Instant};

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::demo4::faults::{ABORTED, is_aborted};
use crate::claims::proportion::{Share, judge, sample_size};
use crate::claims::routes;
use crate::claims::target::Target;
use crate::observe::alerts::{Alert, State};
use crate::observe::page::Page;
use crate::observe::wait::within;

const ALERT: &str = "WebCallsFail";
/// For how many seconds the condition must hold, and how often it is evaluated: the same numbers as in
/// its file.
const HOLD: f64 = 60.0;
const EVALUATION: f64 = 5.0;
/// The share of web's calls that fail: four of the five calls of a page are of stock-api.
const FAILING: f64 = 0.8 * ABORTED;
/// By how much the share may differ, over half a minute with thousands of calls.
const TOLERANCE: f64 = 0.03;
/// Half a minute, over which the condition's rates are, and what Prometheus is late: two readings of the
/// counters, and an evaluation.
const CHANGES_WITHIN: Duration = Duration::from_secs(45);
/// Longer than the condition takes to begin, and to last for a minute.
const FIRES_WITHIN: Duration = Duration::from_secs(150);
/// Two evaluations of the rule.
const RECORDED_WITHIN: Duration = Duration::from_secs(10);
/// Visits between two questions about the alert, so that there is something to count.
const VISITS: usize = 8;

pub(in crate::claims) fn fires(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let begin = Instant::now();
    let route = routes::arrive("stock-api")?;
    let calls = judge(
        "20 % of the calls of stock-api fail",
        ABORTED,
        sample_size(ABORTED),
        |n| {
            Share::count(target.shop.stock_calls(n), |call| {
                is_aborted(call, "web's sidecar")
            })
        },
    );
    let mut claims = vec![route, calls];
    claims.extend(rises(target, begin)?);
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

/// Visits the shop until the alert fires, which visitors do since `begin`.
fn rises(target: &Target, begin: Instant) -> anyhow::Result<[Claim; 3]> {
    let mut alert = Alert::get(ALERT)?;
    within(FIRES_WITHIN, || {
        target.shop.views(VISITS, &[]);
        alert = Alert::get(ALERT)?;
        Ok((alert.state == State::Firing).then_some(()))
    })?;
    let active = alert.active.unwrap_or_default();
    let pending_after = begin.elapsed().as_secs_f64() - active;
    // A rule says that it fires a moment before that is recorded.
    let pending = within(RECORDED_WITHIN, || {
        let active = begin.elapsed().as_secs_f64() - pending_after;
        // The rule's evaluation that began it is a moment earlier.
        Alert::pending_before_firing(ALERT, active + EVALUATION)
    })?;
    let is_a_minute = |seconds| (HOLD - 1.0..HOLD + 1.5 * EVALUATION).contains(&seconds);
    let tells = |share: f64| (share - FAILING).abs() <= TOLERANCE;
    Ok([
        Claim::new(
            "the alert becomes pending within 45 s",
            alert.active.is_some() && pending_after <= CHANGES_WITHIN.as_secs_f64(),
            match alert.active {
                Some(_) if pending_after < 0.0 => "it was active at the first visit".to_owned(),
                Some(_) => format!("{pending_after:.0} s after the first visit"),
                None => "it does not".to_owned(),
            },
        ),
        Claim::new(
            "after a minute it fires",
            alert.state == State::Firing && pending.is_some_and(is_a_minute),
            pending.map_or("it does not".into(), |seconds| {
                format!("after {seconds:.0} s, by what Prometheus recorded")
            }),
        ),
        Claim::new(
            "and tells that 16 % of web's calls fail, within 3 points",
            alert.value.is_some_and(tells),
            alert.summary,
        ),
    ])
}

pub(in crate::claims) fn resolved(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let route = routes::arrive("stock-api")?;
    let has_fired = Alert::fired_lately(ALERT)?;
    let begin = Instant::now();
    let mut pages = Vec::new();
    let inactive = within(CHANGES_WITHIN, || {
        pages.extend(target.shop.views(VISITS, &[]));
        let alert = Alert::get(ALERT)?;
        Ok((alert.state == State::Inactive).then(|| begin.elapsed().as_secs()))
    })?;
    let complete = pages.iter().filter(|page| page.is_complete()).count();
    let text = "the alert is resolved within 45 s";
    let resolved = if has_fired {
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
        analysis::of_cluster()?,
    ])
}

/// Where no proxy counts web's calls, nobody is alerted, although each call of stock-api fails.
///
/// # Errors
/// When Prometheus does not answer.
pub(in crate::claims) fn stays_silent(target: &Target) -> anyhow::Result<Claim> {
    // The rates still hold what was counted half a minute ago.
    let silent = || Ok((Alert::get(ALERT)?.state == State::Inactive).then_some(()));
    within(CHANGES_WITHIN, silent)?;
    let (mut calls, mut failed) = (0, 0);
    let raised = within(CHANGES_WITHIN, || {
        let pages = target.shop.views(VISITS, &[]);
        for call in pages.iter().flat_map(Page::stock_calls) {
            calls += 1;
            failed += usize::from(call.error.is_some());
        }
        let state = Alert::get(ALERT)?.state;
        Ok((state != State::Inactive).then_some(state))
    })?;
    Ok(Claim::new(
        "the alert of demo 6 stays silent: 45 s of failed calls do not even make it pending",
        raised.is_none() && failed == calls && calls > 0,
        format!(
            "{}; {failed} of {calls} calls of stock-api failed",
            raised.map_or("inactive".into(), |state| format!("{state:?}"))
        ),
    ))
}
