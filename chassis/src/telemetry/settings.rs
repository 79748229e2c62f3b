//! The variables of OpenTelemetry's specification that the services read themselves; the table in
//! `docs/traces.md` has all of them.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use clap::{Args, ValueEnum};
use reqwest::Url;

use crate::propagation::Propagators;
use crate::telemetry::pairs::Pairs;
use crate::telemetry::sampler::SamplerName;

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

    /// The service's name in traces [default: its program's]
    #[arg(long, env = "OTEL_SERVICE_NAME")]
    pub service_name: Option<String>,

    /// What all spans say of the service, as key=value,key=value, percent-encoded
    #[arg(long, env = "OTEL_RESOURCE_ATTRIBUTES")]
    pub resource_attributes: Option<Pairs>,

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

    /// Whether spans are exported
    #[arg(long, env = "OTEL_TRACES_EXPORTER", value_enum, default_value = "otlp")]
    pub traces_exporter: Exporter,

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

    /// Milliseconds that the collector has for each answer; 0 sets no limit
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

    /// Headers for the collector, as name=value,name=value, percent-encoded
    #[arg(long, env = "OTEL_EXPORTER_OTLP_HEADERS", hide_env_values = true, value_parser = headers)]
    pub otlp_headers: Option<HeaderMap>,

    /// The same for traces alone
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_HEADERS", hide_env_values = true, value_parser = headers)]
    pub otlp_traces_headers: Option<HeaderMap>,

    /// Whether what is sent is compressed
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_COMPRESSION",
        value_enum,
        default_value = "none"
    )]
    pub otlp_compression: Compression,

    /// The same for traces alone
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", value_enum)]
    pub otlp_traces_compression: Option<Compression>,

    /// Milliseconds between two exports
    #[arg(long, env = "OTEL_BSP_SCHEDULE_DELAY", default_value = "5000", value_parser = milliseconds)]
    pub bsp_schedule_delay: Duration,

    /// How many spans wait for their export at most
    #[arg(long, env = "OTEL_BSP_MAX_QUEUE_SIZE", default_value = "2048", value_parser = size)]
    pub bsp_max_queue_size: usize,

    /// How many spans are exported at once
    #[arg(long, env = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", default_value = "512", value_parser = size)]
    pub bsp_max_export_batch_size: usize,
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

/// How what is sent is compressed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not.
    None,
    /// As gzip.
    Gzip,
}

/// How the exporter's variables begin.
const OTLP: &str = "OTEL_EXPORTER_OTLP_";

impl TelemetrySettings {
    /// Whether anything depends on `variable`. `value_of` returns the value of a variable, or of
    /// its flag, if there is one.
    pub(crate) fn uses(variable: &str, value_of: &impl Fn(&str) -> Option<String>) -> bool {
        let has_value = |name: &str, value: &str| {
            value_of(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
        };
        let is_of_the_sdk = variable.starts_with("OTEL_")
            && !["OTEL_SDK_DISABLED", "OTEL_PROPAGATORS"].contains(&variable);
        if is_of_the_sdk && has_value("OTEL_SDK_DISABLED", "true") {
            return false;
        }
        if variable == "OTEL_TRACES_SAMPLER_ARG" {
            let ratio = ["traceidratio", "parentbased_traceidratio"];
            return ratio
                .iter()
                .any(|name| has_value("OTEL_TRACES_SAMPLER", name));
        }
        if !variable.starts_with(OTLP) && !variable.starts_with("OTEL_BSP_") {
            return true;
        }
        let option = variable.strip_prefix(OTLP).unwrap_or_default();
        let is_set_for_traces =
            |option: &str| value_of(&format!("{OTLP}TRACES_{option}")).is_some();
        let has_endpoint =
            is_set_for_traces("ENDPOINT") || value_of(&format!("{OTLP}ENDPOINT")).is_some();
        has_endpoint && !has_value("OTEL_TRACES_EXPORTER", "none") && !is_set_for_traces(option)
    }

    /// Where spans are sent, if they are.
    pub(super) fn endpoint(&self) -> Option<Url> {
        if self.traces_exporter == Exporter::None {
            return None;
        }
        let all = self.otlp_endpoint.as_ref().map(|base| {
            let mut url = base.clone();
            url.set_path(&format!("{}/v1/traces", base.path().trim_end_matches('/')));
            url
        });
        self.otlp_traces_endpoint.clone().or(all)
    }

    /// How long the collector has for an answer.
    pub(super) fn timeout(&self) -> Duration {
        match self.otlp_traces_timeout.unwrap_or(self.otlp_timeout) {
            Duration::ZERO => Duration::from_millis(u32::MAX.into()), // 50 days, which never pass
            timeout => timeout,
        }
    }

    /// What each export carries beside its spans.
    pub(super) fn headers(&self) -> HeaderMap {
        let headers = self
            .otlp_traces_headers
            .as_ref()
            .or(self.otlp_headers.as_ref());
        headers.cloned().unwrap_or_default()
    }

    pub(super) fn is_compressed(&self) -> bool {
        let compression = self.otlp_traces_compression;
        compression.unwrap_or(self.otlp_compression) == Compression::Gzip
    }
}

fn endpoint(text: &str) -> Result<Url, &'static str> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" => Err(
            "http:// only, because no TLS is compiled in: a collector beside the service can go on in TLS",
        ),
        Ok(url) if url.scheme() == "http" && url.has_host() => {
            let has_no_credentials = (url.username(), url.password()) == ("", None);
            let url = has_no_credentials.then_some(url);
            url.ok_or("an address without a password, which OTEL_EXPORTER_OTLP_HEADERS can carry")
        }
        _ => Err("an http:// address such as http://jaeger:4318"),
    }
}

fn headers(text: &str) -> Result<HeaderMap, &'static str> {
    let header = |(name, value): (String, String)| {
        let name: HeaderName = name.parse().ok()?;
        let mut value: HeaderValue = value.parse().ok()?;
        value.set_sensitive(true);
        Some((name, value))
    };
    let headers = text.parse::<Pairs>()?.0.into_iter().map(header).collect();
    let headers: Option<HeaderMap> = headers;
    headers.ok_or("headers such as name=value,name=value, percent-encoded")
}

fn boolean(text: &str) -> Result<bool, &'static str> {
    text.to_lowercase().parse().map_err(|_| "true or false")
}

fn milliseconds(text: &str) -> Result<Duration, &'static str> {
    let number = text.parse::<u32>().map(u64::from);
    let duration = number.map(Duration::from_millis);
    duration.map_err(|_| "a whole number of milliseconds")
}

fn size(text: &str) -> Result<usize, &'static str> {
    let number = text.parse().ok();
    let size = number.filter(|number| (1..=1_000_000).contains(number));
    size.ok_or("a number from 1 to 1000000")
}

fn ratio(text: &str) -> Result<f64, &'static str> {
    let number = text.parse().ok();
    let ratio = number.filter(|number| (0.0..=1.0).contains(number));
    ratio.ok_or("a number from 0 to 1")
}
