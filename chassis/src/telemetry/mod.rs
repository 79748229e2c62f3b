//! Traces: spans of every request, call and statement, sent by OTLP to a collector.
//!
//! The settings are OpenTelemetry's own. `docs/traces.md` has a table of all variables of its
//! specification, and in what the services deviate from it.

mod exporter;
pub(crate) mod ids;
pub(crate) mod log;
pub(crate) mod method;
mod otlp;
mod pairs;
mod protobuf;
mod sampler;
pub(crate) mod server_span;
pub(crate) mod settings;
pub(crate) mod span;

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider,
};
use reqwest::Url;

use crate::start_error::StartError;
use crate::telemetry::exporter::RuntimeExporter;
use crate::telemetry::sampler::Sampler;
use crate::telemetry::settings::TelemetrySettings;

/// Without any delay, the SDK would not rest between exports.
const SHORTEST_DELAY: Duration = Duration::from_millis(1);

/// The tracer of this process, once its SDK has started.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// What opens spans; none while the SDK is disabled, or before it starts.
pub(crate) fn tracer() -> Option<&'static SdkTracer> {
    TRACER.get()
}

/// What the spans say of the program, unless the telemetry settings say something else.
pub(crate) struct Program<'a> {
    pub(crate) name: &'static str,
    pub(crate) version: &'a str,
    pub(crate) instance: &'a str,
}

/// The SDK, as far as this process uses it.
pub(crate) struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts the SDK for `program`, within a tokio runtime.
    ///
    /// # Errors
    /// When the exporter refuses its settings.
    pub(crate) fn start(
        program: &Program,
        settings: &TelemetrySettings,
    ) -> Result<Self, StartError> {
        if settings.sdk_disabled {
            return Ok(Self { provider: None });
        }
        let sampler = Sampler::new(settings.traces_sampler, settings.traces_sampler_arg);
        let mut provider = SdkTracerProvider::builder()
            .with_resource(resource(program, settings))
            .with_sampler(sampler);
        if let Some(endpoint) = settings.endpoint() {
            provider = provider.with_span_processor(processor(endpoint, settings)?);
        }
        let provider = provider.build();
        let scope =
            InstrumentationScope::builder("widgetario").with_version(env!("CARGO_PKG_VERSION"));
        let _ = TRACER.set(provider.tracer_with_scope(scope.build()));
        Ok(Self {
            provider: Some(provider),
        })
    }

    /// Sends what is left, for a second at most.
    pub(crate) fn stop(&self) {
        if let Some(provider) = &self.provider {
            let _ = provider.shutdown_with_timeout(Duration::from_secs(1));
        }
    }
}

/// Sends spans to `endpoint` in batches, in the background.
fn processor(
    endpoint: Url,
    settings: &TelemetrySettings,
) -> Result<BatchSpanProcessor, StartError> {
    let batches = BatchConfigBuilder::default()
        .with_scheduled_delay(settings.bsp_schedule_delay.max(SHORTEST_DELAY))
        .with_max_queue_size(settings.bsp_max_queue_size)
        .with_max_export_batch_size(settings.bsp_max_export_batch_size)
        .build();
    Ok(
        BatchSpanProcessor::builder(RuntimeExporter::new(endpoint, settings)?)
            .with_batch_config(batches)
            .build(),
    )
}

/// What all spans of the process have in common: the program, unless `OTEL_RESOURCE_ATTRIBUTES`
/// says something else.
fn resource(program: &Program, settings: &TelemetrySettings) -> Resource {
    let defaults = [
        ("service.name", program.name),
        ("service.version", program.version),
        ("service.instance.id", program.instance),
    ];
    let attribute = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
    let given = settings
        .resource_attributes
        .iter()
        .flat_map(|pairs| &pairs.0);
    // Of two attributes with the same key, the later one counts.
    let resource = Resource::builder()
        .with_attributes(defaults.map(|(key, value)| attribute(key, value)))
        .with_attributes(given.map(|(key, value)| attribute(key, value)));
    match &settings.service_name {
        Some(name) => resource.with_service_name(name.clone()),
        None => resource,
    }
    .build()
}
