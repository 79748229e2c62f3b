//! The objects in the documents' files, and whether two objects are the same one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use serde_json::{Value, json};

use super::SHOP;
use crate::documents::Stage;

/// The objects of all files that `stages` apply, whose paths begin at `root`. Each object is listed
/// once, at the place of its first file, in the form of its last one.
///
/// # Errors
/// When a file cannot be read, or is no manifest.
pub(crate) fn of_stages(root: &Path, stages: &[Stage]) -> anyhow::Result<Vec<Value>> {
    let mut objects: Vec<Value> = Vec::new();
    for path in stages.iter().flat_map(Stage::applied) {
        for file in files(&root.join(path))? {
            for object in read(&file)? {
                match objects.iter_mut().find(|known| is_same(known, &object)) {
                    Some(known) => *known = object,
                    None => objects.push(object),
                }
            }
        }
    }
    Ok(objects)
}

fn read(file: &Path) -> anyhow::Result<Vec<Value>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut objects =
        serde_saphyr::from_multiple::<Value>(&text).with_context(|| file.display().to_string())?;
    objects.retain(Value::is_object);
    Ok(objects)
}

/// The file, or the files that `kubectl apply -f` takes from a folder, in its order.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
    let files = entries.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<anyhow::Result<Vec<_>>>()?;
    let is_manifest = |file: &PathBuf| {
        let extension = file.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("yaml" | "yml" | "json"))
    };
    files.retain(is_manifest);
    files.sort();
    Ok(files)
}

/// `objects` as one object, which is how `kubectl` takes them on standard input.
pub(super) fn list<T: Serialize>(objects: &[T]) -> Value {
    json!({ "apiVersion": "v1", "kind": "List", "items": objects })
}

/// The name as kubectl writes it, such as `configmap/tracing`, without the group.
pub(super) fn name(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) if namespace != SHOP => format!("{kind}/{name} in {namespace}"),
        _ => format!("{kind}/{name}"),
    }
}

/// Whether two objects have the same group, kind, namespace and name, in any version.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    group(one) == group(other) && name(one) == name(other)
}

fn group(object: &Value) -> &str {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    version.split_once('/').map_or("", |(group, _)| group)
}
