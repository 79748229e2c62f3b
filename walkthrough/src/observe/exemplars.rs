//! The traces that Prometheus keeps beside durations.

use std::time::{Duration, SystemTime};

use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use super::RESERVED;
use crate::cluster::SHOP;
use crate::cluster::kubectl::{ask_service, elements};

/// A request that stands for those of its bucket
/// (<https://prometheus.io/docs/prometheus/latest/querying/api/#querying-exemplars>).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exemplar {
    /// The service that measured it, such as `web`.
    pub(crate) app: String,
    /// In hexadecimal digits.
    pub(crate) trace_id: String,
    /// The service's own span of the request, in hexadecimal digits.
    pub(crate) span_id: String,
    /// How long the request took.
    pub(crate) seconds: f64,
    /// When it ended, in seconds since 1970.
    pub(crate) time: f64,
}

/// The exemplars of requests that the shop's services answered within the last minutes.
///
/// # Errors
/// When Prometheus does not answer.
pub(crate) fn of_the_shop() -> anyhow::Result<Vec<Exemplar>> {
    /// More than the clocks of a laptop and of its cluster may differ.
    const AROUND: Duration = Duration::from_mins(10);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let (start, end) = (
        now.saturating_sub(AROUND).as_secs(),
        (now + AROUND).as_secs(),
    );
    let series = format!("http_server_request_duration_seconds_bucket{{namespace=\"{SHOP}\"}}");
    let series = utf8_percent_encode(&series, RESERVED);
    let path = format!("api/v1/query_exemplars?query={series}&start={start}&end={end}");
    let answer = ask_service("prometheus", 9090, &path)?;
    let exemplars = elements(&answer["data"]).flat_map(|series| {
        let app = &series["seriesLabels"]["app"];
        elements(&series["exemplars"]).filter_map(|exemplar| Exemplar::read(app, exemplar))
    });
    Ok(exemplars.collect())
}

impl Exemplar {
    fn read(app: &Value, exemplar: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            app: text(app)?,
            trace_id: text(&exemplar["labels"]["trace_id"])?,
            span_id: text(&exemplar["labels"]["span_id"])?,
            seconds: exemplar["value"].as_str()?.parse().ok()?,
            time: exemplar["timestamp"].as_f64()?,
        })
    }
}
