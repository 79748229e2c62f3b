//! The shop as its visitors see it, over HTTP.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ureq::{Agent, RequestBuilder};
use web::contract::UpstreamCall;

use super::request_id;
use crate::observe::page::Page;
use crate::parallel::parallel;

/// How many visitors ask at the same time.
const VISITORS: usize = 24;
/// How many do where a fault makes most of them wait: they cost the machine no more than the others.
const WAITING_VISITORS: usize = 48;

/// Visitors of the shop.
#[derive(Clone)]
pub struct ShopClient {
    url: String,
    /// How many of them ask at the same time.
    visitors: usize,
    agent: Agent,
}

impl ShopClient {
    /// A visitor of the shop at `url`, who follows no redirect and waits for 15 s at most.
    pub fn at(url: &str) -> Self {
        Self::with_patience(url, Duration::from_secs(15))
    }

    /// A visitor of the shop at `url`, who follows no redirect and waits for `patience` at most.
    pub(crate) fn with_patience(url: &str, patience: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(patience))
            .build();
        Self {
            url: url.trim_end_matches('/').to_owned(),
            visitors: VISITORS,
            agent: config.into(),
        }
    }

    /// The same shop with more visitors at the same time, for requests that a fault makes wait.
    pub(crate) fn where_visitors_wait(&self) -> Self {
        Self {
            visitors: WAITING_VISITORS,
            ..self.clone()
        }
    }

    /// Makes the request `GET path`.
    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Page {
        let request = self.agent.get(format!("{}{path}", self.url));
        let add =
            |request: RequestBuilder<_>, &(name, value): &(&str, &str)| request.header(name, value);
        let begin = Instant::now();
        Page::read(headers.iter().fold(request, add).call(), begin)
    }

    /// The shop's content, with the calls that web made for it.
    pub fn view(&self) -> Page {
        self.get("/api/shop", &[])
    }

    /// The same with an id of the visitor's own, by which its traces are found: where no proxy stands
    /// before web, nobody else gives it one.
    ///
    /// # Errors
    /// When this machine has no randomness.
    pub fn view_with_id(&self) -> anyhow::Result<Page> {
        let id = request_id::new()?;
        Ok(self.get("/api/shop", &[("x-request-id", &id)]))
    }

    /// Makes the request `POST path`, as the page's script does.
    pub(crate) fn post(&self, path: &str) -> Page {
        self.post_with(path, &[])
    }

    /// Makes the request `POST path` with more `headers`, as the page's script does.
    pub(crate) fn post_with(&self, path: &str, headers: &[(&str, &str)]) -> Page {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.header("accept", "application/json");
        let add =
            |request: RequestBuilder<_>, &(name, value): &(&str, &str)| request.header(name, value);
        let begin = Instant::now();
        Page::read(headers.iter().fold(request, add).send_empty(), begin)
    }

    /// Sends a form with one field, whose value needs no encoding.
    pub(crate) fn submit(&self, path: &str, field: &str, value: &str) -> Page {
        let request = self.agent.post(format!("{}{path}", self.url));
        let begin = Instant::now();
        Page::read(request.send_form([(field, value)]), begin)
    }

    /// `n` views of the shop's content, several at the same time.
    pub(crate) fn views(&self, n: usize, headers: &[(&str, &str)]) -> Vec<Page> {
        self.several(n, || self.get("/api/shop", headers))
    }

    /// `n` calls of stock-api, or up to three more: each view of the shop makes four.
    pub(crate) fn stock_calls(&self, n: usize) -> Vec<UpstreamCall> {
        let pages = self.views(n.div_ceil(4), &[]);
        pages.iter().flat_map(Page::stock_calls).cloned().collect()
    }

    /// Tries `n` times, several at the same time, to buy a product that does not exist: nothing is
    /// sold, and a try that reaches stock-api is answered with 404.
    pub(crate) fn sales(&self, n: usize) -> Vec<Page> {
        self.several(n, || self.post("/buy/999"))
    }

    /// `n` answers, requested by its visitors.
    fn several(&self, n: usize, ask: impl Fn() -> Page + Sync) -> Vec<Page> {
        parallel(self.visitors, 0..n, |_| ask())
    }

    /// What visitors get who `ask` at a steady rate, `per_second`, for `seconds`, in the order in which they
    /// asked; also returns how long that took.
    pub(crate) fn load(
        &self,
        per_second: u32,
        seconds: u32,
        ask: impl Fn(&Self) -> Page + Sync,
    ) -> (Vec<Page>, Duration) {
        let begin = Instant::now();
        let pages = self.at_a_rate(per_second, 0..per_second * seconds, ask);
        (pages, begin.elapsed())
    }

    /// What visitors get who `ask` at a steady rate, `per_second`, for as long as `work` takes; also returns
    /// what that returns.
    pub(crate) fn load_during<T>(
        &self,
        per_second: u32,
        ask: impl Fn(&Self) -> Page + Send + Sync,
        work: impl FnOnce() -> T,
    ) -> (Vec<Page>, T) {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let visits = (0..).take_while(|_| !is_over.load(Ordering::Relaxed));
            let visits = scope.spawn(|| self.at_a_rate(per_second, visits, ask));
            let result = work();
            is_over.store(true, Ordering::Relaxed);
            (visits.join().expect("a view does not panic"), result)
        })
    }

    /// What visitors get who `ask` at a steady rate: one for each of the ascending `numbers`.
    fn at_a_rate(
        &self,
        per_second: u32,
        numbers: impl Iterator<Item = u32>,
        ask: impl Fn(&Self) -> Page + Sync,
    ) -> Vec<Page> {
        let (ask, begin) = (&ask, Instant::now());
        thread::scope(|scope| {
            let views: Vec<_> = numbers
                .map(|number| {
                    let due = Duration::from_secs(1) * number / per_second;
                    thread::sleep(due.saturating_sub(begin.elapsed()));
                    scope.spawn(move || ask(self))
                })
                .collect();
            let pages = views.into_iter().map(thread::ScopedJoinHandle::join);
            pages
                .map(|page| page.expect("a view does not panic"))
                .collect()
        })
    }
}
