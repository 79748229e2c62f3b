//! The shop under load.

use super::claim::Claim;
use super::latencies::Latencies;
use super::target::Target;
use crate::observe::page::{Page, statuses};

/// Views the shop 25 times a second for 20 s, as the document's fortio does, which gives up after
/// `timeout` seconds. The presenter's own fortio may run at the same time.
pub(super) fn load(target: &Target, timeout: f64) -> Vec<Claim> {
    let (pages, took) = target.shop.load(25, 20, |shop| shop.get("/", &[]));
    let is_good = |page: &&Page| page.status == 200 && page.seconds < timeout;
    let good = pages.iter().filter(is_good).count();
    let complete = pages.iter().filter(|page| page.shows_all()).count();
    let latencies: Latencies = pages.iter().map(|page| 1000.0 * page.seconds).collect();
    #[expect(clippy::cast_precision_loss, reason = "500 views")]
    let rate = pages.len() as f64 / took.as_secs_f64();
    vec![
        Claim::new(
            format!("no request fails, or takes {timeout:.0} s"),
            good == pages.len(),
            statuses(&pages),
        ),
        Claim::new(
            "and none of the calls behind them: each page shows all it should",
            complete == pages.len(),
            format!("{complete} of {} pages", pages.len()),
        ),
        Claim::new(
            "the rate is held",
            rate > 24.0,
            format!("{rate:.1} a second, {latencies}"),
        ),
    ]
}
