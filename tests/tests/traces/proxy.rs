//! A sidecar whose spans go to the collector, in each mode of its tracer.

use serde_json::{Value, json};
use testkit::envoy::{Envoy, endpoint, listener, manager, route};

/// What the proxies' tracer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracer {
    None,
    OpenTelemetry,
    ZipkinB3,
    ZipkinDual,
}

/// A hop of a request: its name in traces, `in` or `out`, and the port that it leads to.
pub(crate) type Hop = (&'static str, u16);

impl Tracer {
    /// Starts the sidecar of `service`, with a listener a hop, whose spans go to the collector on
    /// the port `collector`.
    pub(crate) fn sidecar(self, service: &str, hops: &[Hop], collector: u16) -> Envoy {
        let numbered = || (0..).map(|number: usize| number.to_string()).zip(hops);
        let listeners: Vec<Value> = numbered()
            .map(|(number, (name, _))| self.listener(service, &number, name))
            .collect();
        let clusters: Vec<Value> = numbered()
            .map(|(number, (_, port))| cluster(&number, *port))
            .chain([cluster("collector", collector)])
            .collect();
        let configuration = json!({
            "static_resources": { "listeners": listeners, "clusters": clusters },
            "layered_runtime": { "layers": [{ "name": "flush at once", "static_layer": {
                "tracing.opentelemetry.flush_interval_ms": 50,
                "tracing.zipkin.flush_interval_ms": 50,
            }}]},
        });
        Envoy::start(service, configuration)
    }

    fn listener(self, service: &str, number: &str, name: &str) -> Value {
        let mut route = route(number);
        route["decorator"] = json!({ "operation": name, "propagate": false });
        let mut manager = manager(Vec::new(), &route);
        if let Some(provider) = self.provider(service) {
            manager["tracing"] = json!({ "provider": provider });
        }
        let direction = if name == "in" { "INBOUND" } else { "OUTBOUND" };
        listener(number, direction, &manager)
    }

    fn provider(self, service: &str) -> Option<Value> {
        let zipkin = |option: &str| {
            json!({ "name": "envoy.tracers.zipkin", "typed_config": {
                "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
                "collector_cluster": "collector",
                "collector_endpoint": "/api/v2/spans",
                "collector_endpoint_version": "HTTP_JSON",
                "trace_id_128bit": true,
                "shared_span_context": false, // as Istio has it
                "trace_context_option": option,
            }})
        };
        match self {
            Self::None => None,
            Self::OpenTelemetry => Some(
                json!({ "name": "envoy.tracers.opentelemetry", "typed_config": {
                    "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                    "service_name": format!("{service} proxy"),
                    "http_service": { "http_uri": {
                        "uri": "http://collector/v1/traces", "cluster": "collector", "timeout": "5s",
                    }},
                }}),
            ),
            Self::ZipkinB3 => Some(zipkin("USE_B3")),
            Self::ZipkinDual => Some(zipkin("USE_B3_WITH_W3C_PROPAGATION")),
        }
    }
}

fn cluster(name: &str, port: u16) -> Value {
    json!({ "name": name, "load_assignment": endpoint(name, port) })
}
