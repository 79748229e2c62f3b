//! What the shop answers: a page, its content as JSON, or the outcome of a sale.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Deserialize;
use ureq::Body;
use ureq::http::{HeaderMap, Response};
use web::contract::{Closed, Content, Product, SUPPLIER, Sale, UpstreamCall};

/// An answer of the shop.
pub struct Page {
    /// 0 when there was no answer.
    pub status: u16,
    /// From the request to the end of the answer.
    pub(crate) seconds: f64,
    /// The reason, when there was no answer.
    pub body: String,
    /// What is sold, if the answer says so.
    content: Option<Content>,
    /// The trace and web's calls, of any answer to `GET /api/shop`; of any other, why it is not one.
    trace_and_calls: Result<Closed, String>,
    headers: HeaderMap,
}

/// A product in the list of products-api.
#[derive(Deserialize)]
pub(crate) struct Listed {
    pub(crate) name: String,
}

impl Page {
    /// Reads an answer to its end, to a request that was made at `begin`.
    pub(super) fn read(answer: Result<Response<Body>, ureq::Error>, begin: Instant) -> Self {
        let (status, headers, body) = match answer {
            Ok(mut answer) => {
                let body = answer.body_mut().read_to_string().unwrap_or_default();
                (answer.status().as_u16(), answer.headers().clone(), body)
            }
            Err(error) => (0, HeaderMap::new(), error.to_string()),
        };
        Self {
            status,
            seconds: begin.elapsed().as_secs_f64(),
            content: serde_json::from_str(&body).ok(),
            trace_and_calls: serde_json::from_str(&body).map_err(|error| error.to_string()),
            body,
            headers,
        }
    }

    /// A header of the answer; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// The id by which the logs and the spans of proxies name the request.
    pub fn request_id(&self) -> Option<&str> {
        self.content.as_ref()?.request_id.as_deref()
    }

    /// Why the answer cannot be read as the shop's content, if it cannot: the image in the cluster may
    /// be of another build than this program.
    pub(crate) fn misread(&self) -> Option<&str> {
        self.trace_and_calls.as_ref().err().map(String::as_str)
    }

    /// The trace that web takes part in.
    pub(crate) fn trace_id(&self) -> Option<&str> {
        self.trace_and_calls.as_ref().ok()?.trace_id.as_deref()
    }

    /// The products, in the order of their ids.
    pub(crate) fn products(&self) -> &[Product] {
        let content = self.content.as_ref();
        content.map_or(&[], |content| &content.products)
    }

    /// The calls that web made for the page, products-api's first.
    pub(crate) fn calls(&self) -> &[UpstreamCall] {
        let known = self.trace_and_calls.as_ref();
        known.map_or(&[], |known| &known.calls)
    }

    /// The calls of stock-api.
    pub(crate) fn stock_calls(&self) -> impl Iterator<Item = &UpstreamCall> {
        let calls = self.calls().iter();
        calls.filter(|call| call.service == "stock-api")
    }

    /// How many calls were made under `identity`, a SPIFFE URI, as the called services saw it.
    pub(crate) fn calls_under(&self, identity: &str) -> usize {
        let callers = self.calls().iter().map(|call| call.caller.as_deref());
        callers.filter(|caller| *caller == Some(identity)).count()
    }

    /// The version of products-api that answered; empty when none did.
    pub(crate) fn version(&self) -> &str {
        let products = self
            .calls()
            .iter()
            .find(|call| call.service == "products-api");
        products
            .and_then(|call| call.version.as_deref())
            .unwrap_or_default()
    }

    /// The prices in dollars, such as `30.00`, in the order of the products.
    pub(crate) fn prices(&self) -> Vec<String> {
        let prices = self.products().iter().map(|product| product.price);
        prices.map(|price| price.to_string()).collect()
    }

    /// Whether a product's stock is unknown.
    pub(crate) fn has_unknown(&self) -> bool {
        self.products()
            .iter()
            .any(|product| product.stock.is_none())
    }

    /// The call of the supplier, if there is just one.
    pub(crate) fn supplier_call(&self) -> Option<&UpstreamCall> {
        let mut calls = self.calls().iter().filter(|call| call.service == SUPPLIER);
        calls.next().filter(|_| calls.next().is_none())
    }

    /// Whether the content lacks nothing of the shop: each product with its price and its stock, by
    /// five calls of the two APIs that were answered.
    pub(crate) fn is_complete(&self) -> bool {
        let calls = self.calls().iter().filter(|call| call.service != SUPPLIER);
        let answered = calls.filter(|call| call.error.is_none()).count();
        self.status == 200 && self.prices().len() == 4 && !self.has_unknown() && answered == 5
    }

    /// Whether the page that browsers get shows each product with its stock.
    pub(crate) fn shows_all(&self) -> bool {
        let rows = self.body.matches("<tr data-id=").count();
        self.status == 200 && rows == 4 && !self.body.contains("data-level=\"unknown\"")
    }

    /// The products that products-api lists, in its own answer through the ingress gateway.
    pub(crate) fn listed(&self) -> Vec<Listed> {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The sale, if this is web's answer to a Buy.
    pub(crate) fn sale(&self) -> Option<Sale> {
        serde_json::from_str(&self.body).ok()
    }
}

/// The statuses and their counts, such as `200 × 996, 503 × 4`.
pub(crate) fn statuses(pages: &[Page]) -> String {
    let mut counts = BTreeMap::<u16, usize>::new();
    for page in pages {
        *counts.entry(page.status).or_default() += 1;
    }
    let counts = counts.iter().map(|(status, count)| match status {
        0 => format!("no answer × {count}"),
        status => format!("{status} × {count}"),
    });
    counts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Page {
        let body = Body::builder().data(body);
        Page::read(Ok(Response::new(body)), Instant::now())
    }

    const CALL: &str = r#"{"service": "stock-api", "method": "GET", "path": "/stock/1", "status": 503,
        "error": "503", "latency_ms": 1.5, "starts_ms": 0.5, "finding": {"cause": "refused",
        "title": "Refused by a policy", "text": "It was refused.", "file": null}}"#;

    #[test]
    fn content_is_what_web_answers() {
        let page = page(&format!(
            r#"{{"products": [{{"id": 1, "name": "Arm64 SoC", "price": 30.00, "stock": null,
                  "availability": "unknown", "level": "unknown", "can_buy": true}}],
                "calls": [{CALL}], "trace_id": null, "request_id": "r", "headers": []}}"#,
        ));
        assert_eq!(page.prices(), ["30.00"]);
        assert!(page.has_unknown());
        let call = page.stock_calls().next().expect("a call");
        assert_eq!((call.status, call.version.as_deref()), (Some(503), None));
        let finding = call.finding.as_ref().expect("a finding");
        assert_eq!(finding.title, "Refused by a policy");
        assert_eq!((page.trace_id(), page.request_id()), (None, Some("r")));
    }

    #[test]
    fn shop_without_products_tells_what_it_met() {
        let page = page(&format!(
            r#"{{"status": 503, "title": "Service Unavailable", "trace_id": "t", "calls": [{CALL}]}}"#
        ));
        assert_eq!((page.calls().len(), page.trace_id()), (1, Some("t")));
        assert!(page.products().is_empty());
    }

    #[test]
    fn answer_that_is_something_else_has_no_content() {
        for body in ["", "RBAC: access denied", "[]", r#"{"title": "Not Found"}"#] {
            let page = page(body);
            assert!(page.calls().is_empty() && page.products().is_empty());
            assert_eq!(page.version(), "");
            assert!(page.sale().is_none());
        }
    }
}
