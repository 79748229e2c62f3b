//! The supplier, which knows when there will be more of what is sold out. It is no service of the shop,
//! and is outside of the mesh: the shop believes it nothing but a few words.

use std::collections::HashMap;

use chassis::{Answer, Client, Forwarded};
use serde::Deserialize;

/// Of how many products a page asks at most, so that the question is no longer than a URL may be.
const PRODUCTS: usize = 100;
/// How many characters of an answer are shown.
const CHARACTERS: usize = 40;

/// Asks the supplier.
pub struct Supplier {
    client: Client,
    path: String,
}

/// When there will be more: for each product a word or two, such as "Thursday".
#[derive(Deserialize)]
pub(crate) struct Deliveries(HashMap<i64, String>);

impl Supplier {
    /// A supplier that `client` asks at `path`.
    pub(crate) fn new(client: Client, path: String) -> Self {
        Self { client, path }
    }

    /// Asks when there will be more of `products`, by `GET path?product=4&product=7`, with the
    /// `forwarded` headers of the request that the call is made for, but for the user.
    pub(crate) async fn ask(
        &self,
        products: impl Iterator<Item = i64>,
        forwarded: &Forwarded,
    ) -> Answer<Deliveries> {
        let products = products.take(PRODUCTS);
        let query: Vec<_> = products.map(|id| format!("product={id}")).collect();
        let (client, query) = (&self.client, query.join("&"));
        let forwarded = forwarded.without_end_user();
        let mut answer = client.get_with_query(&self.path, &query, &forwarded).await;
        // Only our own services say this of themselves.
        let call = &mut answer.call;
        (call.version, call.pod, call.attempt, call.caller) = (None, None, None, None);
        (call.service_ms, call.cached) = (None, None);
        answer
    }
}

impl Deliveries {
    /// When there will be more of product `id`, if the supplier said so: the beginning of what it said,
    /// on one line.
    pub(crate) fn of(&self, id: i64) -> Option<String> {
        let text = self.0.get(&id)?.replace(char::is_control, " ");
        let text: String = text.trim().chars().take(CHARACTERS).collect();
        (!text.is_empty()).then_some(text)
    }
}
