//! A canary release by the waypoint.

use crate::claims::claim::Claim;
use crate::claims::demo4::canary;
use crate::claims::routes;
use crate::claims::target::Target;

/// How many visits end the connections that were open before: more than web has of them.
const FLUSH: usize = 400;

/// `expected` is v2's share of the visitors; 1 means all of them, without exception.
///
/// Other than a sidecar, a waypoint has its routes in a listener. A connection that was open when the routes
/// changed brings one more answer by the old ones, and is closed.
pub(in crate::claims) fn split(target: &Target, expected: f64) -> anyhow::Result<Vec<Claim>> {
    routes::arrive("products-api")?;
    target.shop.where_visitors_wait().views(FLUSH, &[]);
    canary::split(target, expected)
}
