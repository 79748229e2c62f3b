//! What Prometheus counts, and what it scrapes.

use anyhow::Context;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use super::RESERVED;
use super::wait::eventually;
use crate::cluster::kubectl::{ask_service, elements};
use crate::parallel::parallel;

/// How many expressions are asked for at the same time.
pub(crate) const AT_ONCE: usize = 4;

/// A series: its labels, and its value.
type Series = (Value, f64);

/// The value of a `PromQL` expression: its series, each with its labels.
///
/// # Errors
/// When Prometheus does not answer or refuses the expression.
pub(crate) fn query(expression: &str) -> anyhow::Result<Vec<Series>> {
    let escaped = utf8_percent_encode(expression, RESERVED);
    let answer = ask_service("prometheus", 9090, &format!("api/v1/query?query={escaped}"))
        .with_context(|| expression.to_owned())?;
    let series = elements(&answer["data"]["result"]);
    let value = |series: &Value| {
        let value = series["value"][1].as_str()?.parse().ok()?;
        Some((series["metric"].clone(), value))
    };
    Ok(series.filter_map(value).collect())
}

/// Counters, with their values before something makes them grow.
pub(crate) struct Counters {
    expressions: Vec<String>,
    before: Vec<Vec<Series>>,
}

/// By how much each counter has grown, in the order of their expressions.
pub(crate) struct Growth {
    pub(crate) by: Vec<f64>,
    /// Whether this is the growth that was waited for.
    pub(crate) is_enough: bool,
}

impl Counters {
    /// Reads the counters, each a `PromQL` expression.
    ///
    /// # Errors
    /// See [`query`].
    pub(crate) fn now(expressions: Vec<String>) -> anyhow::Result<Self> {
        let before = read(&expressions)?;
        Ok(Self {
            expressions,
            before,
        })
    }

    /// Calls `act`, which may make the counters grow, and reads them, again and again until their
    /// growth `is_enough`, for as long as [`eventually`] waits.
    ///
    /// # Errors
    /// See [`query`].
    pub(crate) fn growth_until(
        &self,
        mut act: impl FnMut(),
        is_enough: impl Fn(&[f64]) -> bool,
    ) -> anyhow::Result<Growth> {
        let mut growth = Vec::new();
        let grown = eventually(|| {
            act();
            let now = read(&self.expressions)?;
            growth = self.before.iter().zip(&now).map(grown_by).collect();
            Ok(is_enough(&growth).then_some(()))
        })?;
        Ok(Growth {
            by: growth,
            is_enough: grown.is_some(),
        })
    }
}

fn read(expressions: &[String]) -> anyhow::Result<Vec<Vec<Series>>> {
    let read = parallel(AT_ONCE, expressions, |expression| query(expression));
    read.into_iter().collect()
}

/// By how much a counter's series have grown together. A new series began at 0, and one that has
/// disappeared with its pod takes nothing away.
fn grown_by((before, now): (&Vec<Series>, &Vec<Series>)) -> f64 {
    let growth = now.iter().map(|(labels, value)| {
        let known = before.iter().find(|(known, _)| known == labels);
        (value - known.map_or(0.0, |(_, value)| *value)).max(0.0)
    });
    0.0 + growth.sum::<f64>() // the sum of no numbers is a negative zero
}

/// A target that Prometheus scrapes.
pub(crate) struct ScrapeTarget {
    pub(crate) url: String,
    pub(crate) is_up: bool,
    /// The target's pod, if it is in one.
    pub(crate) pod: Option<String>,
}

/// All targets that Prometheus scrapes.
///
/// # Errors
/// When Prometheus does not answer.
pub(crate) fn scrape_targets() -> anyhow::Result<Vec<ScrapeTarget>> {
    let answer = ask_service("prometheus", 9090, "api/v1/targets?state=active")?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let targets = elements(&answer["data"]["activeTargets"]).map(|target| ScrapeTarget {
        url: text(&target["scrapeUrl"]).unwrap_or_default(),
        is_up: target["health"] == "up",
        pod: text(&target["labels"]["pod"]),
    });
    Ok(targets.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn new_series_begins_at_zero_and_one_that_has_gone_takes_nothing_back() {
        let series = |pod: &str, value| (json!({ "pod": pod }), value);
        let before = vec![series("kept", 5.0), series("gone", 9.0)];
        let now = vec![series("kept", 7.0), series("new", 3.0)];
        assert!((grown_by((&before, &now)) - 5.0).abs() < f64::EPSILON);
        assert!(grown_by((&before, &Vec::new())).is_sign_positive());
    }
}
