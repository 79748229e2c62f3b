//! Claims about the traces of a page view in the ambient mesh, by each of the two ways into the shop.

use crate::claims::claim::Claim;
use crate::claims::demo5::forest::{Mesh, Mode};
use crate::claims::demo5::traces::of_a_view;
use crate::claims::target::Target;

pub(in crate::claims) fn traces(target: &Target, mode: Mode) -> anyhow::Result<Vec<Claim>> {
    let by_gateway = "one page view by the ingress gateway";
    let straight = "one page view straight to web";
    let mut claims = of_a_view(&target.gateway, Mesh::Gateway, mode, by_gateway)?;
    claims.extend(of_a_view(&target.shop, Mesh::Straight, mode, straight)?);
    Ok(claims)
}
