//! What the manifests and the compose file set, the services take.

use chassis::{ServiceCommand, Settings};
use clap::Args;
use serde_json::Value;

use crate::{containers, list, objects, read, text, workloads, yaml};

/// A variable, and its value, unless only the cluster or the shell knows it.
type Variable = (String, Option<String>);

const SERVICES: [&str; 3] = ["web", "products-api", "stock-api"];

/// Reads the settings of the service `name` from `variables`, as its start would.
fn settings(name: &'static str, variables: &[Variable]) -> Result<(), String> {
    match name {
        "web" => parse::<web::Settings>(name, variables),
        "products-api" => parse::<products_api::Settings>(name, variables),
        "stock-api" => parse::<stock_api::Settings>(name, variables),
        _ => Err(format!("{name} is no service")),
    }
}

fn parse<S: Args>(name: &'static str, variables: &[Variable]) -> Result<(), String> {
    let settings = Settings::augment_args(S::augment_args(clap::Command::new(name)));
    let mut flags = Vec::new();
    for (variable, value) in variables {
        let mut known = settings.get_arguments();
        let flag = known.find(|flag| flag.get_env() == Some(variable.as_ref()));
        let flag = flag.ok_or_else(|| format!("{name} has no {variable}"))?;
        if let Some(value) = value {
            flags.push(format!("--{}={value}", flag.get_long().unwrap()));
        }
    }
    ServiceCommand::<S>::parse(name, flags).map(|_| ())
}

#[test]
fn service_takes_what_its_manifest_sets() {
    for workload in workloads() {
        for container in containers(workload) {
            let variables = list(container, "/env").iter().map(|variable| {
                let value = variable["value"].as_str().map(str::to_owned);
                (text(variable, "/name").to_owned(), value)
            });
            let variables: Vec<_> = variables.collect();
            let service = SERVICES.into_iter().find(|name| container["name"] == *name);
            match service {
                Some(service) => assert_eq!(settings(service, &variables), Ok(())),
                None => assert_eq!(variables, [], "the database's image sets all"),
            }
        }
    }
}

#[test]
fn web_takes_what_its_config_maps_set() {
    let web = workloads()
        .into_iter()
        .find(|workload| workload["metadata"]["name"] == "web")
        .unwrap();
    let sources = list(&containers(web)[0], "/envFrom");
    assert!(!sources.is_empty());
    for name in sources
        .iter()
        .map(|source| text(source, "/configMapRef/name"))
    {
        let maps = objects(&["ConfigMap"]).into_iter();
        let maps = maps.filter(|map| map["metadata"]["name"] == name);
        let maps: Vec<_> = maps.collect();
        assert!(!maps.is_empty(), "no ConfigMap {name}");
        for map in maps {
            let variables = map["data"].as_object().unwrap().iter();
            let variables =
                variables.map(|(name, value)| (name.clone(), value.as_str().map(Into::into)));
            let variables: Vec<Variable> = variables.collect();
            assert_eq!(settings("web", &variables), Ok(()));
        }
    }
}

/// An entry of `environment:`, whose value may come from the shell.
fn variable(entry: &str) -> Variable {
    let name = entry.split(['=', '$']).next().unwrap();
    let value = entry.split_once('=').map(|(_, value)| value.to_owned());
    (name.into(), value.filter(|value| !value.contains('$')))
}

#[test]
fn service_takes_what_docker_compose_sets() {
    let compose = &yaml("docker-compose.yml")[0];
    for service in SERVICES {
        let entries: Vec<String> = match &compose["services"][service]["environment"] {
            Value::Object(fields) => {
                let texts = fields.iter().map(|(name, value)| {
                    let value = value.as_str().map_or(value.to_string(), str::to_owned);
                    format!("{name}={value}")
                });
                texts.collect()
            }
            list => list
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| text(entry, "").to_owned())
                .collect(),
        };
        let variables: Vec<_> = entries.iter().map(|entry| variable(entry)).collect();
        assert_eq!(settings(service, &variables), Ok(()));
    }
}

#[test]
fn every_variable_of_opentelemetry_is_in_the_documents_table() {
    let table = read("docs/traces.md");
    let settings = Settings::augment_args(clap::Command::new("any"));
    let names = settings.get_arguments().filter_map(clap::Arg::get_env);
    let names = names.map(|name| name.to_str().unwrap());
    for name in names.filter(|name| name.starts_with("OTEL_")) {
        let short = name.replace("OTEL_EXPORTER_OTLP_TRACES_", "…_TRACES_");
        assert!(table.contains(&format!("`{short}`")), "{name}");
    }
}
