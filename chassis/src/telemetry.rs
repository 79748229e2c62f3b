//! Traces: spans of every request, call and statement, sent by OTLP to a collector.
//!
//! The settings are OpenTelemetry's own. `docs/traces.md` has a table of all variables of its
//! specification, and in what the services deviate from it.

mod exporter;
mod pairs;
mod sampler;
mod settings;

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Compression, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider,
};

use crate::{Settings, StartError};
use exporter::Patient;
use sampler::Sampler;
pub use settings::TelemetrySettings;

/// The SDK would not rest between exports without any.
const SHORTEST_DELAY: Duration = Duration::from_millis(1);

/// The SDK, as far as this process uses it.
pub(crate) struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts the SDK for the service `name`, within a tokio runtime.
    ///
    /// # Errors
    /// When the exporter refuses its settings.
    pub(crate) fn start(name: &'static str, settings: &Settings) -> Result<Self, StartError> {
        let telemetry = &settings.telemetry;
        if telemetry.sdk_disabled {
            return Ok(Self { provider: None });
        }
        let sampler = Sampler::new(telemetry.traces_sampler, telemetry.traces_sampler_arg);
        let mut provider = SdkTracerProvider::builder()
            .with_resource(resource(name, settings))
            .with_sampler(sampler);
        if let Some(endpoint) = telemetry.endpoint() {
            let mut exporter = opentelemetry_otlp::SpanExporter::builder()
                .with_http()
                .with_http_client(client(telemetry)?)
                .with_timeout(telemetry.timeout())
                .with_endpoint(endpoint.as_str());
            if telemetry.is_compressed() {
                exporter = exporter.with_compression(Compression::Gzip);
            }
            let exporter = Patient::new(exporter.build()?, endpoint.into());
            let batches = BatchConfigBuilder::default()
                .with_scheduled_delay(telemetry.bsp_schedule_delay.max(SHORTEST_DELAY))
                .with_max_queue_size(telemetry.bsp_max_queue_size)
                .with_max_export_batch_size(telemetry.bsp_max_export_batch_size);
            let processor =
                BatchSpanProcessor::builder(exporter).with_batch_config(batches.build());
            provider = provider.with_span_processor(processor.build());
        }
        Ok(Self {
            provider: Some(provider.build()),
        })
    }

    pub(crate) fn tracer(&self) -> Option<SdkTracer> {
        let scope =
            InstrumentationScope::builder("widgetario").with_version(env!("CARGO_PKG_VERSION"));
        let provider = self.provider.as_ref()?;
        Some(provider.tracer_with_scope(scope.build()))
    }

    /// Sends what is left, for a second at most.
    pub(crate) fn stop(&self) {
        if let Some(provider) = &self.provider {
            let _ = provider.shutdown_with_timeout(Duration::from_secs(1));
        }
    }
}

/// What all spans of the process say of it: our settings, where `OTEL_RESOURCE_ATTRIBUTES` does not
/// say it.
fn resource(program: &'static str, settings: &Settings) -> Resource {
    let telemetry = &settings.telemetry;
    let defaults = [
        ("service.name", program),
        ("service.version", &settings.app_version),
        ("service.instance.id", &settings.pod_name),
    ];
    let attribute = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
    let given = telemetry
        .resource_attributes
        .iter()
        .flat_map(|pairs| &pairs.0);
    // Of two with the same key the later counts.
    let resource = Resource::builder()
        .with_attributes(defaults.map(|(key, value)| attribute(key, value)))
        .with_attributes(given.map(|(key, value)| attribute(key, value)));
    match &telemetry.service_name {
        Some(name) => resource.with_service_name(name.clone()),
        None => resource,
    }
    .build()
}

/// What speaks to the collector. It has a deadline of its own, for a collector that is silent.
fn client(settings: &TelemetrySettings) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(settings.timeout())
        .default_headers(settings.headers())
        .build()
}
