//! What Prometheus alerts to.

use anyhow::Context;

use super::prometheus::query;
use crate::cluster::kubectl::{ask_service, elements};

/// An alert, as its rule was last evaluated.
pub(crate) struct Alert {
    pub(crate) state: State,
    /// For how many seconds the condition has held, if it does.
    pub(crate) active: Option<f64>,
    /// The value of the condition, if it holds.
    pub(crate) value: Option<f64>,
    /// What it says in words; empty when the condition does not hold.
    pub(crate) summary: String,
}

/// <https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Inactive,
    Pending,
    Firing,
}

impl Alert {
    /// The alert `name`.
    ///
    /// # Errors
    /// When Prometheus does not answer, or has no such rule.
    pub(crate) fn get(name: &str) -> anyhow::Result<Self> {
        let answer = ask_service("prometheus", 9090, "api/v1/rules?type=alert")?;
        let mut rules =
            elements(&answer["data"]["groups"]).flat_map(|group| elements(&group["rules"]));
        let rule = rules.find(|rule| rule["name"] == name);
        let rule = rule.with_context(|| format!("Prometheus has no rule for the alert {name}"))?;
        let active = query(&format!(
            "time() - ALERTS_FOR_STATE{{alertname=\"{name}\"}}"
        ))?;
        Ok(Self {
            state: match rule["state"].as_str() {
                Some("firing") => State::Firing,
                Some("pending") => State::Pending,
                _ => State::Inactive,
            },
            active: active.first().map(|(_, seconds)| *seconds),
            value: rule["alerts"][0]["value"]
                .as_str()
                .and_then(|value| value.parse().ok()),
            summary: rule["alerts"][0]["annotations"]["summary"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// How many seconds the alert `name` was pending before it fired, within the last `seconds`, as
    /// Prometheus recorded at each evaluation of its rule; `None` when it was not pending, or does not fire.
    ///
    /// # Errors
    /// When Prometheus does not answer.
    pub(crate) fn pending_before_firing(name: &str, seconds: f64) -> anyhow::Result<Option<f64>> {
        let first = |state: &str| {
            let alerts = format!("ALERTS{{alertname=\"{name}\",alertstate=\"{state}\"}}");
            format!("min_over_time(timestamp({alerts})[{seconds:.0}s:1s])")
        };
        let (firing, pending) = (first("firing"), first("pending"));
        let series = query(&format!("{firing} - ignoring(alertstate) {pending}"))?;
        Ok(series.first().map(|(_, seconds)| *seconds))
    }

    /// Whether the alert `name` fires, or did within the last three minutes: an alert that has ended since
    /// then was not that of an earlier stage.
    ///
    /// # Errors
    /// When Prometheus does not answer.
    pub(crate) fn fired_lately(name: &str) -> anyhow::Result<bool> {
        let fired =
            format!("count_over_time(ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}}[3m])");
        Ok(!query(&fired)?.is_empty())
    }
}
