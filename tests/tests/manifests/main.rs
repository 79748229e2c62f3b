//! The manifests, the compose file and the documents fit each other and the programs.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod addons;
mod containers;
mod copies;
mod documents;
mod elsewhere;
mod gateway_api;
mod images;
mod kustomization;
mod labels;
mod methods;
mod network;
mod resources;
mod settings;
mod waypoints;
mod wiring;
mod workflows;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

/// The repository's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The text of a file of the repository.
fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of `folder` and below, by the end of their names.
fn files(folder: impl AsRef<Path>, end: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The documents of a YAML file.
fn yaml(path: impl AsRef<Path>) -> Vec<Value> {
    let documents = serde_saphyr::from_multiple(&read(&path));
    documents.unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// Every object that the manifests put into the shop's namespace, parsed once for all tests.
static OBJECTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let folders = ["k8s", "istio"].map(|name| root().join(name));
    folders
        .iter()
        .flat_map(|folder| files(folder, ".yaml"))
        .flat_map(yaml)
        .filter(|object| object["metadata"]["namespace"] == "widgetario")
        .collect()
});

/// The objects of `kinds`, of which there must be one at least.
fn objects(kinds: &[&str]) -> Vec<&'static Value> {
    let objects = OBJECTS.iter();
    let objects = objects.filter(|object| kinds.contains(&text(object, "/kind")));
    let objects: Vec<_> = objects.collect();
    assert!(!objects.is_empty(), "{kinds:?}");
    objects
}

/// Every Deployment and `StatefulSet` of the shop.
fn workloads() -> Vec<&'static Value> {
    objects(&["Deployment", "StatefulSet"])
}

/// The pod that a workload makes.
fn pod(workload: &Value) -> &Value {
    &workload["spec"]["template"]
}

/// The containers of the pod that a workload makes.
fn containers(workload: &Value) -> &[Value] {
    list(pod(workload), "/spec/containers")
}

/// The list at a JSON pointer, empty when there is none.
fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// The text at a JSON pointer.
fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no text at {pointer} of {value}"))
}

/// Kind and name of an object.
fn title(object: &Value) -> String {
    format!(
        "{}/{}",
        text(object, "/kind"),
        text(object, "/metadata/name")
    )
}
