//! Where ports, addresses and files lead.

use regex_lite::Regex;
use serde_json::{Value, json};

use crate::labels::selected;
use crate::{containers, list, objects, pod, read, text, title, workloads, yaml};

/// The number of a workload's port that is called `name`.
fn port(workload: &Value, name: &str) -> Option<u64> {
    let ports = containers(workload)
        .iter()
        .flat_map(|container| list(container, "/ports"));
    let mut ports = ports.filter(|port| port["name"] == name);
    ports.next()?["containerPort"].as_u64()
}

#[test]
fn service_leads_to_a_named_port_of_each_of_its_pods() {
    for service in objects(&["Service"]) {
        for entry in list(service, "/spec/ports") {
            let name = text(entry, "/targetPort");
            for workload in selected(&service["spec"]["selector"]) {
                let found = port(workload, name);
                assert!(found.is_some(), "{}: {name}", title(service));
            }
        }
    }
}

/// Without a name, Istio guesses the protocol from what is sent.
#[test]
fn name_of_a_service_port_says_its_protocol() {
    for service in objects(&["Service"]) {
        for port in list(service, "/spec/ports") {
            let protocol = text(port, "/name").split('-').next();
            let known = ["http", "tcp"].map(Some).contains(&protocol);
            assert!(known, "{}", title(service));
        }
    }
}

#[test]
fn probe_asks_a_named_port_of_its_pod() {
    for workload in workloads() {
        for container in containers(workload) {
            for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                let probe = container[probe].as_object().unwrap();
                let ports = probe.values().filter_map(|action| action.get("port"));
                for name in ports {
                    let found = port(workload, name.as_str().unwrap());
                    assert!(found.is_some(), "{}: {name}", title(workload));
                }
            }
        }
    }
}

#[test]
fn prometheus_is_led_to_the_management_port() {
    for workload in workloads() {
        let annotations = &pod(workload)["metadata"]["annotations"];
        let management = port(workload, "management").map(|port| port.to_string());
        let scraped = annotations["prometheus.io/port"].as_str();
        assert_eq!(scraped, management.as_deref(), "{}", title(workload));
    }
}

/// Where Prometheus finds a pod, by the rules of the demo's manifest.
fn scraped(ip: &str, port: &str) -> Option<String> {
    let manifest = &yaml("istio/demo1/addons/prometheus.yaml")[0];
    let text = text(manifest, "/data/prometheus.yml");
    let settings: Value = serde_saphyr::from_str(text).unwrap();
    let rules = list(&settings, "/scrape_configs/0/relabel_configs").iter();
    let rules = rules.filter(|rule| rule["target_label"] == "__address__");
    let mut addresses = rules.filter_map(|rule| {
        let pattern = format!("^(?:{})$", rule["regex"].as_str()?);
        let pattern = Regex::new(&pattern).unwrap();
        let replaced = |found: regex_lite::Captures| {
            let mut address = String::new();
            found.expand(rule["replacement"].as_str().unwrap(), &mut address);
            address
        };
        pattern.captures(&format!("{ip};{port}")).map(replaced)
    });
    addresses.next_back()
}

#[test]
fn prometheus_finds_pods_by_addresses_of_both_families() {
    let scraped = |ip| scraped(ip, "15020");
    assert_eq!(scraped("10.1.2.3"), Some("10.1.2.3:15020".into()));
    assert_eq!(scraped("fd00::1:2"), Some("[fd00::1:2]:15020".into()));
}

#[test]
fn address_of_the_database_is_that_of_its_service() {
    let services = objects(&["Service"]).into_iter();
    let addresses = services.map(|service| {
        let port = &service["spec"]["ports"][0]["port"];
        format!("{}:{port}", text(service, "/metadata/name"))
    });
    let addresses: Vec<_> = addresses.collect();
    for api in ["products-api", "stock-api"] {
        let selector = json!({ "app": api });
        for workload in selected(&selector) {
            let variables = list(&containers(workload)[0], "/env").iter();
            let mut urls = variables.filter(|variable| variable["name"] == "DATABASE_URL");
            let url = text(urls.next().unwrap(), "/value");
            let (_, place) = url.split_once('@').unwrap();
            let address = place.split('/').next().unwrap();
            assert!(addresses.iter().any(|known| known == address), "{url}");
        }
    }
}

/// The paths of the files that a workload finds in its Secrets.
fn secret_files(workload: &Value) -> Vec<String> {
    let keys = |name: &str| {
        let mut secrets = objects(&["Secret"]).into_iter();
        let secret = secrets.find(|secret| secret["metadata"]["name"] == name);
        let secret = secret.unwrap_or_else(|| panic!("no Secret {name}"));
        let keys = secret["stringData"].as_object().unwrap().keys();
        keys.cloned().collect::<Vec<_>>()
    };
    let mut paths = Vec::new();
    for mount in list(&containers(workload)[0], "/volumeMounts") {
        let volumes = list(pod(workload), "/spec/volumes").iter();
        for volume in volumes.filter(|volume| volume["name"] == mount["name"]) {
            let projected = list(volume, "/projected/sources").iter();
            let names = projected
                .map(|source| text(source, "/secret/name"))
                .chain(volume["secret"]["secretName"].as_str());
            let files = names.flat_map(keys);
            paths.extend(files.map(|file| format!("{}/{file}", text(mount, "/mountPath"))));
        }
    }
    paths.sort();
    paths
}

#[test]
fn pod_finds_its_own_password_and_the_database_finds_all() {
    let path = |role: &str| format!("/run/secrets/{role}-password");
    for workload in workloads() {
        let expected = match text(pod(workload), "/metadata/labels/app") {
            "products-db" => ["postgres", "products-api", "stock-api"].map(path).into(),
            api @ ("products-api" | "stock-api") => vec![path(api)],
            _ => vec![],
        };
        assert_eq!(secret_files(workload), expected, "{}", title(workload));
        for variable in list(&containers(workload)[0], "/env") {
            if variable["name"] == "DATABASE_PASSWORD_FILE" {
                assert_eq!([text(variable, "/value")], *expected);
            }
        }
    }
}

#[test]
fn sidecar_checks_tokens_by_the_public_half_of_the_key_that_signs_them() {
    let private = read("walkthrough/src/token/demo-key.json");
    let mut key: Value = serde_json::from_str(&private).unwrap();
    let secret = key.as_object_mut().unwrap().remove("d");
    assert!(secret.is_some());
    for policy in objects(&["RequestAuthentication"]) {
        let keys: Value = serde_json::from_str(text(policy, "/spec/jwtRules/0/jwks")).unwrap();
        assert_eq!(keys, json!({ "keys": [key] }));
    }
}

#[test]
fn passwords_are_those_of_docker_compose() {
    let compose = &yaml("docker-compose.yml")[0];
    for secret in objects(&["Secret"]) {
        for (name, password) in secret["stringData"].as_object().unwrap() {
            let file = text(compose, &format!("/secrets/{name}/file"));
            assert_eq!(read(file).trim_end(), password, "{file}");
        }
    }
}
