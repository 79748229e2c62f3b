//! The outgoing client: pooled connections, one deadline a call, errors that name their cause, and
//! for each call what it met.

use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::StartError;
use crate::call::{Call, Head};
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

/// How a call ended, and what it met.
pub struct Answer<T> {
    /// What was answered.
    pub result: Result<T, CallError>,
    /// Who answered, how fast.
    pub call: Call,
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
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Answer<T> {
        self.call(Method::GET, path, None::<&()>).await
    }

    /// POSTs `body` as JSON to `path` and reads the JSON answer.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Answer<T> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Calls within a client span, and logs a call that failed.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Answer<T> {
        let mut url = self.base.clone();
        url.set_path(path);
        let span = client_span(&method, &url);
        let call = async {
            let mut headers = HeaderMap::new();
            trace::inject(&self.propagators, &mut headers);
            let request = self.http.request(method.clone(), url).headers(headers);
            let request = match body {
                Some(body) => request.json(body),
                None => request,
            };
            let begin = Instant::now();
            let (head, result) = exchange(request).await;
            let latency = begin.elapsed();
            note(&result);
            if let Err(error) = &result
                && error.is_failure()
            {
                tracing::warn!(
                    service = self.service,
                    path,
                    ?latency,
                    "a call failed: {error}"
                );
            }
            let error = result.as_ref().err().map(ToString::to_string);
            let call = Call::new((self.service, &method, path), head.as_ref(), error, latency);
            Answer { result, call }
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

/// Sends the request; the head is there when any answer came.
async fn exchange<T: DeserializeOwned>(
    request: RequestBuilder,
) -> (Option<Head>, Result<T, CallError>) {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return (None, Err(error.into())),
    };
    let head = (response.status(), response.headers().clone());
    (Some(head), read(response).await)
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, CallError> {
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
