//! An exporter that survives a collector which is gone: requests never wait for it, and the log
//! reports lost spans at most once a minute.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_otlp::SpanExporter as Otlp;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::runtime::Handle;

/// How long the log stays silent after a warning.
const BETWEEN_WARNINGS: Duration = Duration::from_mins(1);

/// Exports by OTLP on tokio's runtime, and counts the spans that the collector did not take.
#[derive(Debug)]
pub(crate) struct RuntimeExporter {
    otlp: Arc<Otlp>,
    /// The batch processor's thread is not one of tokio's, but the HTTP client needs tokio.
    runtime: Handle,
    endpoint: String,
    losses: Mutex<Losses>,
}

#[derive(Debug, Default)]
struct Losses {
    spans: usize,
    warned: Option<Instant>,
}

impl RuntimeExporter {
    /// Must be called within a tokio runtime.
    pub(crate) fn new(otlp: Otlp, endpoint: String) -> Self {
        Self {
            otlp: Arc::new(otlp),
            runtime: Handle::current(),
            endpoint,
            losses: Mutex::default(),
        }
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
        let (otlp, count) = (Arc::clone(&self.otlp), batch.len());
        let export = self.runtime.spawn(async move { otlp.export(batch).await });
        let result = match export.await {
            Ok(result) => result,
            Err(ended) => Err(OTelSdkError::InternalFailure(ended.to_string())),
        };
        if let Err(error) = &result {
            self.lose(error, count);
        }
        result
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Some(otlp) = Arc::get_mut(&mut self.otlp) {
            otlp.set_resource(resource);
        }
    }
}
