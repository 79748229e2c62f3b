//! The shop as its visitors see it, over HTTP.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;

/// Visitors at once.
const VISITORS: usize = 24;

/// Where the shop is.
pub(crate) struct Shop {
    url: String,
    agent: Agent,
}

/// An answer of the shop; status 0 when there was none.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(super) seconds: f64,
    pub(crate) body: String,
    /// The body, if it is JSON.
    pub(crate) json: Value,
    headers: ureq::http::HeaderMap,
}

impl Shop {
    pub(crate) fn at(url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(15)))
            .build();
        Self {
            url: url.trim_end_matches('/').to_owned(),
            agent: config.into(),
        }
    }

    /// `GET path`
    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Page {
        let request = self.agent.get(format!("{}{path}", self.url));
        let add = |request: ureq::RequestBuilder<_>, &(name, value): &(&str, &str)| {
            request.header(name, value)
        };
        let begin = Instant::now();
        Page::read(headers.iter().fold(request, add).call(), begin)
    }

    /// `POST path`, as the page's script does.
    pub(super) fn post(&self, path: &str) -> Page {
        let request = self.agent.post(format!("{}{path}", self.url));
        let begin = Instant::now();
        Page::read(
            request.header("accept", "application/json").send_empty(),
            begin,
        )
    }

    /// `n` views of the shop's content, several at once.
    pub(super) fn views(&self, n: usize, headers: &[(&str, &str)]) -> Vec<Page> {
        several(n, || self.get("/api/shop", headers))
    }

    /// `n` times Buy, several at once, of a product that there is not: nothing is sold, and a sale that
    /// gets through is a 404.
    pub(super) fn sales(&self, n: usize) -> Vec<Page> {
        several(n, || self.post("/buy/999"))
    }

    /// Views of the page at a steady rate, `per_second`, for `seconds`, and how long that took.
    pub(super) fn load(&self, per_second: u32, seconds: u32) -> (Vec<Page>, Duration) {
        let (count, begin) = (per_second * seconds, Instant::now());
        let pages = thread::scope(|scope| {
            let views: Vec<_> = (0..count)
                .map(|number| {
                    let due = Duration::from_secs(1) * number / per_second;
                    thread::sleep(due.saturating_sub(begin.elapsed()));
                    scope.spawn(|| self.get("/", &[]))
                })
                .collect();
            let pages = views.into_iter().map(thread::ScopedJoinHandle::join);
            pages
                .map(|page| page.expect("a view does not panic"))
                .collect()
        });
        (pages, begin.elapsed())
    }
}

/// `n` answers to what visitors ask at once.
fn several(n: usize, ask: impl Fn() -> Page + Sync) -> Vec<Page> {
    let (next, pages) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(n)));
    thread::scope(|scope| {
        for _ in 0..VISITORS.min(n) {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < n {
                    let page = ask();
                    pages.lock().expect("nobody panics with it").push(page);
                }
            });
        }
    });
    pages.into_inner().expect("nobody panics with it")
}

impl Page {
    fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>, begin: Instant) -> Self {
        let (status, headers, body) = match answer {
            Ok(mut answer) => {
                let body = answer.body_mut().read_to_string().unwrap_or_default();
                (answer.status().as_u16(), answer.headers().clone(), body)
            }
            Err(error) => (0, ureq::http::HeaderMap::new(), error.to_string()),
        };
        Self {
            status,
            seconds: begin.elapsed().as_secs_f64(),
            json: serde_json::from_str(&body).unwrap_or_default(),
            body,
            headers,
        }
    }

    /// A header of the answer.
    pub(super) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// Whether nothing is missing: each product with its price and its stock, by five calls that
    /// were answered.
    pub(super) fn is_complete(&self) -> bool {
        let answered = self.calls().filter(|call| call["error"].is_null()).count();
        self.status == 200 && self.prices().len() == 4 && !self.has_unknown() && answered == 5
    }

    /// Whether the page that browsers get shows each product with its stock.
    pub(super) fn shows_all(&self) -> bool {
        let rows = self.body.matches("<tr data-id=").count();
        self.status == 200 && rows == 4 && !self.body.contains("data-level=\"unknown\"")
    }

    /// What each call that web made for it met.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Value> {
        self.json["calls"].as_array().into_iter().flatten()
    }

    /// The calls of stock-api.
    pub(super) fn stock_calls(&self) -> impl Iterator<Item = &Value> {
        self.calls().filter(|call| call["service"] == "stock-api")
    }

    /// The version of products-api that answered.
    pub(super) fn version(&self) -> &str {
        let products = self.calls().find(|call| call["service"] == "products-api");
        products.map_or("", |call| call["version"].as_str().unwrap_or_default())
    }

    /// The prices, by product.
    pub(super) fn prices(&self) -> Vec<f64> {
        let products = self.json["products"].as_array().into_iter().flatten();
        products.filter_map(|row| row["price"].as_f64()).collect()
    }

    /// Whether a product's stock is unknown.
    pub(super) fn has_unknown(&self) -> bool {
        let mut products = self.json["products"].as_array().into_iter().flatten();
        products.any(|row| row["stock"].is_null())
    }
}

/// `200 × 996, 503 × 4`
pub(super) fn statuses(pages: &[Page]) -> String {
    let mut counts = std::collections::BTreeMap::<u16, usize>::new();
    for page in pages {
        *counts.entry(page.status).or_default() += 1;
    }
    let counts = counts.iter().map(|(status, count)| match status {
        0 => format!("no answer × {count}"),
        status => format!("{status} × {count}"),
    });
    counts.collect::<Vec<_>>().join(", ")
}
