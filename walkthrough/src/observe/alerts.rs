//! What Prometheus alerts to.

use anyhow::Context;

use super::prometheus::query;
use crate::cluster::kubectl::{ask_service, elements};

/// An alert, as its rule was last evaluated.
pub(crate) struct Alert {
    pub(crate) state: State,
    /// How many seconds its condition must hold before it fires.
    pub(crate) hold: f64,
    /// For how many seconds the condition has held, if it does.
    pub(crate) active: Option<f64>,
    /// The condition, in `PromQL`; its value is what the alert tells.
    pub(crate) condition: String,
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
            hold: rule["duration"].as_f64().unwrap_or_default(),
            active: active.first().map(|(_, seconds)| *seconds),
            condition: rule["query"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// Whether the alert `name` fires, or did within the last quarter of an hour.
    ///
    /// # Errors
    /// When Prometheus does not answer.
    pub(crate) fn fired_lately(name: &str) -> anyhow::Result<bool> {
        let fired =
            format!("count_over_time(ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}}[15m])");
        Ok(!query(&fired)?.is_empty())
    }
}
