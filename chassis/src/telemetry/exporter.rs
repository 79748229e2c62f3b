//! An exporter that survives a collector which is gone: requests never wait for it, and the log
//! reports lost spans at most once a minute.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderValue, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use reqwest::{RequestBuilder, Url};
use tokio::runtime::Handle;

use crate::cause::innermost;
use crate::start_error::StartError;
use crate::telemetry::otlp;
use crate::telemetry::settings::TelemetrySettings;

/// How long the log stays silent after a warning.
const BETWEEN_WARNINGS: Duration = Duration::from_mins(1);

/// Exports by OTLP, and counts the spans that the collector did not take.
///
/// The batch processor calls it on a thread of its own: there, apart from all requests, spans are
/// written as bytes and compressed. Tokio's runtime, which the HTTP client needs, sends them.
#[derive(Debug)]
pub(crate) struct RuntimeExporter {
    http: reqwest::Client,
    endpoint: Url,
    is_compressed: bool,
    resource: Resource,
    runtime: Handle,
    losses: Mutex<Losses>,
}

#[derive(Debug, Default)]
struct Losses {
    spans: usize,
    warned: Option<Instant>,
}

impl RuntimeExporter {
    /// Exports to `endpoint`. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the operating system does not allow an HTTP client.
    pub(crate) fn new(endpoint: Url, settings: &TelemetrySettings) -> Result<Self, StartError> {
        // A collector that does not answer must not hold up the next batch for ever.
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(settings.timeout())
            .user_agent(concat!(
                "OTel-OTLP-Exporter-Widgetario/",
                env!("CARGO_PKG_VERSION")
            ))
            .default_headers(settings.headers())
            .build()?;
        Ok(Self {
            http,
            endpoint,
            is_compressed: settings.is_compressed(),
            resource: Resource::builder_empty().build(),
            runtime: Handle::current(),
            losses: Mutex::default(),
        })
    }

    fn request(&self, batch: &[SpanData]) -> io::Result<RequestBuilder> {
        let media_type = HeaderValue::from_static("application/x-protobuf");
        let request = self.http.post(self.endpoint.clone());
        let request = request.header(header::CONTENT_TYPE, media_type);
        let body = otlp::request(&self.resource, batch);
        if !self.is_compressed {
            return Ok(request.body(body));
        }
        let mut compressed = GzEncoder::new(Vec::new(), Compression::default());
        compressed.write_all(&body)?;
        let request = request.header(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        Ok(request.body(compressed.finish()?))
    }

    /// Counts the spans that were lost, and logs a warning if the last one is long enough ago.
    fn lose(&self, error: &OTelSdkError, lost: usize) {
        let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        losses.spans += lost;
        if losses
            .warned
            .is_none_or(|warned| warned.elapsed() >= BETWEEN_WARNINGS)
        {
            let (spans, endpoint) = (losses.spans, &self.endpoint);
            tracing::warn!(
                "{spans} spans lost: {endpoint} did not take them: {error} (said at most once a minute)"
            );
            *losses = Losses {
                spans: 0,
                warned: Some(Instant::now()),
            };
        }
    }
}

impl SpanExporter for RuntimeExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = match self.request(&batch) {
            Ok(request) => match self.runtime.spawn(send(request)).await {
                Ok(result) => result,
                Err(ended) => Err(OTelSdkError::InternalFailure(ended.to_string())),
            },
            Err(error) => Err(OTelSdkError::InternalFailure(error.to_string())),
        };
        if let Err(error) = &result {
            self.lose(error, batch.len());
        }
        result
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.clone();
    }
}

async fn send(request: RequestBuilder) -> OTelSdkResult {
    let answer = request.send().await;
    let answer = answer.and_then(reqwest::Response::error_for_status);
    // The body is read so that the connection can be used again.
    let body = match answer {
        Ok(answer) => answer.bytes().await,
        Err(error) => Err(error),
    };
    body.map(drop).map_err(|error| {
        let error = error.without_url();
        OTelSdkError::InternalFailure(innermost(&error).to_string())
    })
}
