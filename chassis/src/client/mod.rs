//! The outgoing client: pooled connections, one deadline for each call, errors that name their
//! cause, and a [`Call`] that says how it went.

pub(crate) mod call;
pub(crate) mod error;

use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::Context;
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::client::call::{Call, Head};
use crate::client::error::CallError;
use crate::completion::{CANCELLED, Completion};
use crate::duration::milliseconds;
use crate::open_files;
use crate::propagation::Propagators;
use crate::propagation::forwarded::Forwarded;
use crate::start_error::StartError;
use crate::telemetry::span::SPAN;

/// Enough for a list of 200,000 products; a longer answer is not read to its end.
const BODY_BYTES: usize = 16 * 1024 * 1024;
const EXCERPT_BYTES: usize = 1024;
/// The reason when no permit came in time.
const CROWDED: &str = "too many calls at once, so this one was not made in time";

/// Calls one upstream service.
#[derive(Clone)]
pub struct Client {
    service: &'static str,
    propagators: Propagators,
    http: reqwest::Client,
    base: Url,
    timeout: Duration,
    /// One for each call that may be under way; further calls wait for one.
    permits: Arc<Semaphore>,
}

/// The result of a call, and what the caller learned of it.
pub struct Answer<T> {
    /// What was answered.
    pub result: Result<T, CallError>,
    /// Who answered, and how fast.
    pub call: Call,
}

impl Client {
    /// A client for `service` at `base`. Each call carries its trace in the headers of
    /// `propagators` and ends after `timeout`.
    ///
    /// # Errors
    /// When the operating system does not allow a client.
    pub fn new(
        service: &'static str,
        base: Url,
        timeout: Duration,
        propagators: Propagators,
    ) -> Result<Self, StartError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(*open_files::IDLE_CONNECTIONS)
            .build()?;
        Ok(Self {
            service,
            propagators,
            http,
            base,
            timeout,
            permits: Arc::new(Semaphore::new(*open_files::CALLS)),
        })
    }

    /// GETs `path` (such as `/products`) with the `forwarded` headers of the request that the call
    /// is made for, and reads the JSON answer.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, forwarded: &Forwarded) -> Answer<T> {
        self.call(Method::GET, path, forwarded, |request| request)
            .await
    }

    /// POSTs `body` as JSON to `path`, with the `forwarded` headers of the request that the call is
    /// made for, and reads the JSON answer.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        forwarded: &Forwarded,
        body: &impl Serialize,
    ) -> Answer<T> {
        self.call(Method::POST, path, forwarded, |request| request.json(body))
            .await
    }

    /// Calls within a client span, with what `complete` adds to the request, and logs a call that
    /// failed.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        forwarded: &Forwarded,
        complete: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer<T> {
        let mut url = self.base.clone();
        url.set_path(path);
        let span = client_span(&method, &url);
        let request = complete(self.http.request(method.clone(), url));
        let call = async {
            let mut headers = forwarded.headers();
            self.propagators.inject(&Context::current(), &mut headers);
            let begun = Instant::now();
            let completion = Completion::new(abandoned(self.service, path, begun));
            let (head, result) = self.answered(request.headers(headers), begun).await;
            completion.end(());
            let error = result.as_ref().err().inspect(|error| record(error));
            let call = Call::new(
                (self.service, &method, path),
                head.as_ref(),
                error.map(ToString::to_string),
                begun,
            );
            if error.is_some_and(CallError::is_failure) {
                warn(&call);
            }
            Answer { result, call }
        };
        call.instrument(span).await
    }

    /// The answer to `request`, if it comes before the deadline; the wait for a permit is part of
    /// that time. The head is present when any answer came.
    async fn answered<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        begun: Instant,
    ) -> (Option<Head>, Result<T, CallError>) {
        match timeout(self.timeout, self.permits.acquire()).await {
            Ok(_permit) => {
                let left = self.timeout.saturating_sub(begun.elapsed());
                exchange(request.timeout(left)).await
            }
            Err(_) => (None, Err(CallError::Unreachable(CROWDED.into()))),
        }
    }
}

/// One line for each call that failed: service, status, the proxy's reason, latency.
fn warn(call: &Call) {
    tracing::warn!(
        service = call.service,
        path = call.path,
        status = call.status,
        latency_ms = call.latency_ms,
        "a call failed: {}",
        call.error.as_deref().unwrap_or_default()
    );
}

/// See <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span>.
fn client_span(method: &Method, url: &Url) -> Span {
    tracing::info_span!(
        target: SPAN,
        "call",
        otel.name = method.as_str(),
        otel.kind = "client",
        otel.status_description = Empty,
        http.request.method = method.as_str(),
        http.response.status_code = Empty,
        url.full = url.as_str(),
        server.address = url.host_str(),
        server.port = url.port_or_known_default().map(i64::from),
        error.type = Empty,
    )
}

/// Records on a call's span why it failed.
fn record(error: &CallError) {
    let span = Span::current();
    match error {
        CallError::Status(status, _) => span.record("error.type", status.as_str()),
        CallError::Timeout => span.record("error.type", "timeout"),
        CallError::Unreachable(_) => span.record("error.type", "unreachable"),
        CallError::Broken(_) => span.record("error.type", "broken"),
        CallError::Unreadable(_) => span.record("error.type", "unreadable"),
    };
    span.record("otel.status_description", error.to_string());
}

/// The report of a call's [`Completion`]: it records and logs that nobody waited for the end.
fn abandoned(service: &'static str, path: &str, begun: Instant) -> impl FnOnce(Option<()>) + use<> {
    let (span, path) = (Span::current(), path.to_owned());
    move |end| {
        if end.is_none() {
            span.record("error.type", CANCELLED);
            let latency_ms = milliseconds(begun.elapsed());
            tracing::info!(
                service,
                path,
                latency_ms,
                "a call was abandoned: nobody waits for it any longer"
            );
        }
    }
}

/// Sends the request; the head is present when any answer came.
async fn exchange<T: DeserializeOwned>(
    request: RequestBuilder,
) -> (Option<Head>, Result<T, CallError>) {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return (None, Err(error.into())),
    };
    let status = i64::from(response.status().as_u16());
    Span::current().record("http.response.status_code", status);
    let head = (response.status(), response.headers().clone());
    (Some(head), read(response).await)
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, CallError> {
    let status = response.status();
    if !status.is_success() {
        let body = beginning(response, EXCERPT_BYTES).await.unwrap_or_default();
        return Err(CallError::Status(status, excerpt(&body)));
    }
    let body = beginning(response, BODY_BYTES + 1).await?;
    if body.len() > BODY_BYTES {
        return Err(CallError::Unreadable("it is longer than 16 MiB".into()));
    }
    serde_json::from_slice(&body).map_err(|error| {
        // serde's error quotes the whole value that it does not understand.
        CallError::Unreadable(excerpt(error.to_string().as_bytes()))
    })
}

/// The body's first `limit` bytes.
async fn beginning(mut response: Response, limit: usize) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while body.len() < limit
        && let Some(chunk) = response.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    body.truncate(limit);
    Ok(body)
}

/// The first 400 characters, on one line: enough for a proxy's reason or a short
/// [`Problem`](crate::problem::Problem), without the control characters that a terminal would obey.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.trim().replace(char::is_control, " ");
    line.chars().take(400).collect()
}
