//! When there will be more of what is sold out: one question for the whole page.

use super::{Page, Row};
use crate::contract::{Level, UpstreamCall};
use crate::settings::Mesh;

impl Page<'_> {
    /// Asks the supplier about all `rows` that are sold out, and notes there what it says. Returns the
    /// call; `None` when nothing is sold out, nobody is to be asked, or the page has asked enough: the
    /// question never makes a page take longer than it may without it.
    pub(super) async fn ask_supplier(&self, rows: &mut [Row]) -> Option<UpstreamCall> {
        let supplier = self.app.supplier.as_ref()?;
        let is_sold_out = |row: &&Row| row.product.level == Level::SoldOut;
        let mut sold_out = rows.iter().filter(is_sold_out).peekable();
        if sold_out.peek().is_none() || self.has_asked_enough() {
            return None;
        }
        let products = sold_out.map(|row| row.product.id);
        let answer = supplier.ask(products, self.forwarded).await;
        let mut calls = rows.iter().filter_map(|row| row.call.as_ref());
        let has_sidecar =
            self.app.mesh == Mesh::Sidecars && calls.any(|call| call.upstream_ms.is_some());
        let (call, deliveries) = UpstreamCall::of_supplier(answer, self.begun, has_sidecar);
        if let Ok(deliveries) = deliveries {
            for product in rows.iter_mut().map(|row| &mut row.product) {
                if product.level == Level::SoldOut {
                    product.delivery = deliveries.of(product.id);
                }
            }
        }
        Some(call)
    }
}
