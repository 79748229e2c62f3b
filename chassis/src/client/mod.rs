//! The outgoing client: pooled connections, one deadline for each call, errors that name their
//! cause, and a [`Call`] that says how it went.

mod body;
pub(crate) mod call;
pub(crate) mod error;
mod report;
mod span;

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use opentelemetry::KeyValue;
use reqwest::{Method, Request, Url, redirect, retry};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::client::call::Call;
use crate::client::error::CallError;
use crate::client::report::Watch;
use crate::open_files;
use crate::propagation::Propagators;
use crate::propagation::forwarded::Forwarded;
use crate::start_error::StartError;

/// The reason when no permit came in time.
const CROWDED: &str = "too many calls at once, so this one was not made in time";

/// Calls one upstream service.
pub struct Client {
    service: &'static str,
    propagators: Propagators,
    http: reqwest::Client,
    base: Url,
    /// The host and port of `base`, as spans name them.
    peer: [KeyValue; 2],
    timeout: Duration,
    /// One for each call that may be under way; further calls wait for one.
    permits: Semaphore,
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
            .redirect(redirect::Policy::none())
            // It is for protocols that we do not speak, and would copy each request.
            .retry(retry::never().max_retries_per_request(0))
            .pool_max_idle_per_host(*open_files::IDLE_CONNECTIONS)
            .build()?;
        Ok(Self {
            service,
            propagators,
            http,
            peer: span::peer(&base),
            base,
            timeout,
            permits: Semaphore::new(*open_files::CALLS),
        })
    }

    /// The deadline of each call.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// GETs `path` (such as `/products`) with the `forwarded` headers of the request that the call
    /// is made for, and reads the JSON answer.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, forwarded: &Forwarded) -> Answer<T> {
        self.call(path, self.request(Method::GET, path, forwarded))
            .await
    }

    /// GETs `path` with a `query` (such as `product=4`), with the `forwarded` headers of the request
    /// that the call is made for, and reads the JSON answer.
    pub async fn get_with_query<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &str,
        forwarded: &Forwarded,
    ) -> Answer<T> {
        let mut request = self.request(Method::GET, path, forwarded);
        request.url_mut().set_query(Some(query));
        self.call(&format!("{path}?{query}"), request).await
    }

    /// POSTs `body` as JSON to `path`, with the `forwarded` headers of the request that the call is
    /// made for, and reads the JSON answer.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        forwarded: &Forwarded,
        body: &Value,
    ) -> Answer<T> {
        let mut request = self.request(Method::POST, path, forwarded);
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        *request.body_mut() = Some(body.to_string().into());
        self.call(path, request).await
    }

    /// (A builder would copy the headers one by one.)
    fn request(&self, method: Method, path: &str, forwarded: &Forwarded) -> Request {
        let mut url = self.base.clone();
        url.set_path(path);
        let mut request = Request::new(method, url);
        *request.headers_mut() = forwarded.headers();
        request
    }

    /// Calls `path` by `request`, within a client span, and logs a call that failed.
    async fn call<T: DeserializeOwned>(&self, path: &str, mut request: Request) -> Answer<T> {
        let context = span::open(&request, &self.peer);
        self.propagators.inject(&context, request.headers_mut());
        let watch = Watch::over(self.service, path, &context);
        let mut call = Call::begin(self.service, request.method().clone(), path);
        let result = self.answer(request, &mut call).await;
        watch.end();
        let error = result.as_ref().err();
        call.end(error);
        span::end(&context, &call, error);
        if error.is_some_and(CallError::is_failure) {
            report::failed(context, &call);
        }
        Answer { result, call }
    }

    /// The answer to `request`, if it comes before the deadline; the wait for a permit is part of
    /// that time.
    async fn answer<T: DeserializeOwned>(
        &self,
        request: Request,
        call: &mut Call,
    ) -> Result<T, CallError> {
        let mut is_made = false;
        let exchange = async {
            let _permit = self.permits.acquire().await;
            is_made = true;
            let response = self.http.execute(request).await?;
            call.answered(response.status(), response.headers());
            body::read(response).await
        };
        if let Ok(result) = timeout(self.timeout, exchange).await {
            return result;
        }
        Err(match call.status.and_then(failure) {
            // Its head says enough, though the body does not come.
            Some(status) => CallError::Status(status, String::new()),
            None if is_made => CallError::Timeout,
            None => CallError::Unreachable(CROWDED.into()),
        })
    }
}

/// The status, when it is no success.
fn failure(status: u16) -> Option<StatusCode> {
    let status = StatusCode::from_u16(status).ok();
    status.filter(|status| !status.is_success())
}
