//! What the access log of an Envoy, a sidecar or a waypoint, says of requests, in Istio's own format
//! (<https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format>).

use std::collections::BTreeSet;
use std::time::Instant;

use super::page::Page;
use super::wait::eventually;
use crate::cluster::SHOP;
use crate::cluster::kubectl::kubectl;

/// A request, as the Envoy on its way logged it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// When it began: the second of its day, in UTC.
    pub(crate) second: f64,
    pub(crate) status: u16,
    /// What the proxy did itself, such as `RL` for a call that its rate limit refused.
    pub(crate) flags: String,
    pub(crate) forwarded_for: String,
    pub(crate) request_id: String,
    /// The host that was asked for.
    pub(crate) authority: String,
}

impl Entry {
    /// A line of the log; `None` for a line about something else.
    fn read(line: &str) -> Option<Self> {
        // What a caller can choose stands between quotation marks, and Envoy escapes those in it.
        let fields: Vec<&str> = line.split('"').collect();
        let [
            time,
            _,
            answer,
            _,
            _,
            forwarded_for,
            _,
            _,
            _,
            request_id,
            _,
            authority,
            ..,
        ] = fields[..]
        else {
            return None;
        };
        let mut answer = answer.split_whitespace();
        Some(Self {
            second: second_of_day(time)?,
            status: answer.next()?.parse().ok()?,
            flags: answer.next()?.to_owned(),
            forwarded_for: forwarded_for.to_owned(),
            request_id: request_id.to_owned(),
            authority: authority.to_owned(),
        })
    }

    /// Seconds from `start`, a second of the day, to this entry; it may be less than a day away.
    pub(crate) fn after(&self, start: f64) -> f64 {
        (self.second - start + DAY / 2.0).rem_euclid(DAY) - DAY / 2.0
    }
}

const DAY: f64 = 86_400.0;

/// The second of the day in a time such as `[2026-11-28T15:54:09.196Z] `.
fn second_of_day(time: &str) -> Option<f64> {
    let (_, clock) = time.trim().strip_prefix('[')?.split_once('T')?;
    let mut parts = clock.strip_suffix("Z]")?.split(':');
    let mut next = || parts.next()?.parse::<f64>().ok();
    Some(next()? * 3600.0 + next()? * 60.0 + next()?)
}

/// What the Envoy of `workload`, such as `deployment/stock-api`, logged since `begin`, in the order of
/// its lines. Waits until it has `calls` entries for each of `pages`: Envoy writes its log every ten
/// seconds. What is missing after 40 s will not come.
///
/// # Errors
/// When the log cannot be read.
pub(crate) fn of_pages(
    workload: &str,
    begin: Instant,
    pages: &[Page],
    calls: usize,
) -> anyhow::Result<Vec<Entry>> {
    let ids = ids(pages);
    let mut entries = Vec::new();
    eventually(|| {
        let since = format!("--since={}s", begin.elapsed().as_secs() + 1);
        let log = kubectl(&["logs", "-n", SHOP, workload, "-c", "istio-proxy", &since])?;
        entries = log.lines().filter_map(Entry::read).collect();
        let own = entries.iter().filter(|entry| is_of(entry, &ids)).count();
        Ok((own >= calls * pages.len()).then_some(()))
    })?;
    Ok(entries)
}

/// The ids of the requests for `pages`.
pub(crate) fn ids(pages: &[Page]) -> BTreeSet<&str> {
    pages.iter().filter_map(Page::request_id).collect()
}

/// Whether an entry is about a call that was made for one of the requests `ids`.
pub(crate) fn is_of(entry: &Entry, ids: &BTreeSet<&str>) -> bool {
    ids.contains(entry.request_id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = r#"[2026-11-28T15:55:42.107Z] "GET /stock/1 HTTP/1.1" 429 RL local_rate_limited - "-" 0 18 0 - "10.244.0.31" "-" "97df55e4" "stock-api" "-" inbound|8080|| - 10.244.0.29:8080 10.244.0.31:55442 outbound_.80_.v1_.stock-api.widgetario.svc.cluster.local default"#;

    #[test]
    fn line_of_istios_own_format_is_an_entry() {
        let entry = Entry::read(REFUSED).expect("an entry");
        let expected = Entry {
            second: 57_342.107,
            status: 429,
            flags: "RL".into(),
            forwarded_for: "10.244.0.31".into(),
            request_id: "97df55e4".into(),
            authority: "stock-api".into(),
        };
        assert_eq!(entry, expected);
        assert_eq!(Entry::read("2026-11-28 info Envoy proxy is ready"), None);
    }

    #[test]
    fn entry_of_the_next_day_is_later() {
        let mut entry = Entry::read(REFUSED).expect("an entry");
        entry.second = 1.0;
        assert!((entry.after(86_399.0) - 2.0).abs() < 1e-6);
        entry.second = 86_399.0;
        assert!((entry.after(1.0) + 2.0).abs() < 1e-6);
    }
}
