//! The outgoing client: pooled connections, one deadline a call, and errors that name their cause.

use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::StartError;
use crate::propagation::Propagators;
use crate::trace::{self, SPAN};

/// Calls one upstream service.
#[derive(Clone)]
pub struct Client {
    service: &'static str,
    propagators: Propagators,
    http: reqwest::Client,
    base: Url,
}

/// Why a call gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nothing came within the deadline.
    #[error("no answer in time")]
    Timeout,
    /// No connection, or one that broke.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// An answer other than 2xx; the text is the beginning of its body.
    #[error("status {0}: {1}")]
    Status(StatusCode, String),
    /// A 2xx whose body is not what was agreed.
    #[error("an answer that is not understood: {0}")]
    Unreadable(String),
}

impl CallError {
    /// Whether something went wrong, rather than the service saying "no such thing" or "too late".
    fn is_failure(&self) -> bool {
        !matches!(
            self,
            Self::Status(StatusCode::NOT_FOUND | StatusCode::CONFLICT, _)
        )
    }
}

impl Client {
    /// A client for `service` at `base`, which is told of traces in the headers of `propagators`; each of whose calls ends after `timeout`.
    ///
    /// # Errors
    /// When the operating system lets no client be made.
    pub fn new(
        service: &'static str,
        base: Url,
        timeout: Duration,
        propagators: Propagators,
    ) -> Result<Self, StartError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .build()?;
        Ok(Self {
            service,
            propagators,
            http,
            base,
        })
    }

    /// GETs `path` (such as `/products`) and reads the JSON answer.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        self.call(Method::GET, path, None::<&()>).await
    }

    /// POSTs `body` as JSON to `path` and reads the JSON answer.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, CallError> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Calls within a client span, and logs a call that failed.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, CallError> {
        let mut url = self.base.clone();
        url.set_path(path);
        let span = client_span(&method, &url);
        let call = async {
            let begin = Instant::now();
            let mut headers = HeaderMap::new();
            trace::inject(&self.propagators, &mut headers);
            let request = self.http.request(method, url).headers(headers);
            let request = match body {
                Some(body) => request.json(body),
                None => request,
            };
            let result = exchange(request).await;
            note(&result);
            if let Err(error) = &result
                && error.is_failure()
            {
                let latency = begin.elapsed();
                tracing::warn!(
                    service = self.service,
                    path,
                    ?latency,
                    "a call failed: {error}"
                );
            }
            result
        };
        call.instrument(span).await
    }
}

/// See <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span>.
fn client_span(method: &Method, url: &Url) -> Span {
    tracing::info_span!(
        target: SPAN,
        "call",
        otel.name = method.as_str(),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = method.as_str(),
        http.response.status_code = Empty,
        url.full = url.as_str(),
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        error.type = Empty,
    )
}

/// Notes a call's outcome on its span.
fn note<T>(result: &Result<T, CallError>) {
    let span = Span::current();
    let error = match result {
        Ok(_) => {
            span.record("http.response.status_code", 200);
            return;
        }
        Err(CallError::Status(status, _)) => {
            span.record("http.response.status_code", status.as_u16());
            status.as_str().to_owned()
        }
        Err(CallError::Timeout) => "timeout".into(),
        Err(CallError::Unreachable(_)) => "unreachable".into(),
        Err(CallError::Unreadable(_)) => "unreadable".into(),
    };
    span.record("error.type", error);
    span.record("otel.status_code", "ERROR");
}

async fn exchange<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, CallError> {
    let response = request.send().await?;
    let status = response.status();
    if !status.is_success() {
        return Err(CallError::Status(status, excerpt(response).await));
    }
    let bytes = response.bytes().await?;
    serde_json::from_slice(&bytes).map_err(|error| CallError::Unreadable(error.to_string()))
}

/// The first 200 characters of an answer's body: enough for a proxy's reason.
async fn excerpt(response: Response) -> String {
    let text = response.text().await.unwrap_or_default();
    text.chars().take(200).collect()
}

impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        // The innermost cause is the operating system's: "Connection refused (os error 111)".
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Self::Unreachable(cause.to_string())
    }
}
