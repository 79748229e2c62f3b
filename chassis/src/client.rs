//! The outgoing client: pooled connections, one deadline a call, and errors that name their cause.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StartError;

/// Calls one upstream service.
#[derive(Clone)]
pub struct Client {
    service: &'static str,
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
    /// A client for `service` at `base`, each of whose calls ends after `timeout`.
    ///
    /// # Errors
    /// When the operating system lets no client be made.
    pub fn new(service: &'static str, base: Url, timeout: Duration) -> Result<Self, StartError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .build()?;
        Ok(Self {
            service,
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

    /// Calls, and logs a call that failed.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, CallError> {
        let mut url = self.base.clone();
        url.set_path(path);
        let request = self.http.request(method, url);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let begin = Instant::now();
        let result = exchange(request).await;
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
    }
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
