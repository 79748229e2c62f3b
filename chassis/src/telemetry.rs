//! Traces: spans of every request, call and statement, sent by OTLP to a collector.
//!
//! The settings are OpenTelemetry's own
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>), with two
//! deviations: without an endpoint nothing is exported, and a wrong value stops the start.
//! `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_…`, `OTEL_SPAN_…` and `OTEL_EXPORTER_OTLP_HEADERS` are read
//! by its SDK, which takes its default in place of a wrong value; it knows no
//! `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`.

mod exporter;
mod sampler;

use std::time::Duration;

use clap::{Args, ValueEnum};
use opentelemetry::trace::TracerProvider;
use opentelemetry::{InstrumentationScope, Key, KeyValue};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, ResourceDetector};
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracer, SdkTracerProvider};
use reqwest::Url;

use crate::propagation::Propagators;
use crate::{Settings, StartError};
use exporter::Patient;
use sampler::{Sampler, SamplerName};

/// How the service takes part in traces.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct TelemetrySettings {
    /// Headers that carry a trace: tracecontext, baggage, b3, b3multi, or none
    #[arg(
        long,
        env = "OTEL_PROPAGATORS",
        default_value = "tracecontext,baggage,b3multi"
    )]
    pub propagators: Propagators,

    /// true: no spans of our own; what arrives is passed on
    #[arg(long, env = "OTEL_SDK_DISABLED", default_value = "false", action = clap::ArgAction::Set, value_parser = boolean)]
    pub sdk_disabled: bool,

    /// The collector, such as <http://jaeger:4318>; without one nothing is exported
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_parser = endpoint)]
    pub otlp_endpoint: Option<Url>,

    /// The same for traces alone, with its whole path
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", value_parser = endpoint)]
    pub otlp_traces_endpoint: Option<Url>,

    /// How the collector is spoken to
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_PROTOCOL",
        value_enum,
        default_value = "http/protobuf"
    )]
    pub otlp_protocol: Protocol,

    /// The same for traces alone
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", value_enum)]
    pub otlp_traces_protocol: Option<Protocol>,

    /// Milliseconds that the collector has for each answer
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_TIMEOUT",
        default_value = "10000",
        value_parser = milliseconds
    )]
    pub otlp_timeout: Duration,

    /// The same for traces alone
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", value_parser = milliseconds)]
    pub otlp_traces_timeout: Option<Duration>,

    /// Whether spans are exported
    #[arg(long, env = "OTEL_TRACES_EXPORTER", value_enum, default_value = "otlp")]
    pub traces_exporter: Exporter,

    /// The service's name in traces [default: its program's]
    #[arg(long, env = "OTEL_SERVICE_NAME")]
    pub service_name: Option<String>,

    /// Which traces are recorded
    #[arg(
        long,
        env = "OTEL_TRACES_SAMPLER",
        value_enum,
        default_value = "parentbased_always_on"
    )]
    pub traces_sampler: SamplerName,

    /// Share of the traces that the ratio samplers record
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", default_value = "1", value_parser = ratio)]
    pub traces_sampler_arg: f64,
}

/// What the SDK can speak here: no TLS and no gRPC are compiled in.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum Protocol {
    /// OTLP over HTTP.
    #[value(name = "http/protobuf")]
    HttpProtobuf,
}

/// Where spans go.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exporter {
    /// To the endpoint, if there is one.
    Otlp,
    /// Nowhere.
    None,
}

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
            let exporter = opentelemetry_otlp::SpanExporter::builder()
                .with_http()
                .with_http_client(telemetry.client()?)
                .with_endpoint(&endpoint)
                .build()?;
            let exporter = Patient::new(exporter, endpoint);
            let processor = BatchSpanProcessor::builder(exporter).build();
            provider = provider.with_span_processor(processor);
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
    let given = EnvResourceDetector::new().detect();
    let name = settings.telemetry.service_name.clone();
    let defaults = [
        ("service.name", program),
        ("service.version", &settings.app_version),
        ("service.instance.id", &settings.pod_name),
    ];
    let defaults = defaults
        .into_iter()
        .filter(|(key, _)| given.get(&Key::new(*key)).is_none())
        .map(|(key, value)| KeyValue::new(key, value.to_owned()));
    let resource = Resource::builder().with_attributes(defaults);
    match name {
        Some(name) => resource.with_service_name(name),
        None => resource,
    }
    .build()
}

impl TelemetrySettings {
    /// What speaks to the collector. It has a deadline of its own, for a collector that is silent.
    fn client(&self) -> reqwest::Result<reqwest::Client> {
        let timeout = self.otlp_traces_timeout.unwrap_or(self.otlp_timeout);
        let client = reqwest::Client::builder().no_proxy();
        client.timeout(timeout).build()
    }

    fn endpoint(&self) -> Option<String> {
        if self.traces_exporter == Exporter::None {
            return None;
        }
        let all = self.otlp_endpoint.as_ref().map(|base| {
            let base = base.as_str().trim_end_matches('/');
            format!("{base}/v1/traces")
        });
        self.otlp_traces_endpoint
            .as_ref()
            .map(Url::to_string)
            .or(all)
    }
}

fn endpoint(text: &str) -> Result<Url, &'static str> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "http" && url.has_host() && url.username().is_empty() => Ok(url),
        _ => Err("an http:// address such as http://jaeger:4318"),
    }
}

fn boolean(text: &str) -> Result<bool, &'static str> {
    let text = text.trim().to_lowercase();
    text.parse().map_err(|_| "true or false")
}

fn milliseconds(text: &str) -> Result<Duration, &'static str> {
    let number = text.parse().ok().filter(|number| *number > 0);
    let duration = number.map(Duration::from_millis);
    duration.ok_or("a number of milliseconds above 0")
}

fn ratio(text: &str) -> Result<f64, &'static str> {
    let number = text.parse().ok();
    let ratio = number.filter(|number| (0.0..=1.0).contains(number));
    ratio.ok_or("a number from 0 to 1")
}
