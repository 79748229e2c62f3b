//! The objects in the documents' files, and whether two objects are the same one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use serde_json::{Value, json};

use super::SHOP;
use crate::documents::{Change, Stage};

/// The objects of all files that `stages` apply and do not delete later, whose paths begin at `root`.
/// Each object is listed once, at the place of its first file, in the form of its last one.
///
/// # Errors
/// When a file cannot be read, or is no manifest.
pub(crate) fn left_by(root: &Path, stages: &[Stage]) -> anyhow::Result<Vec<Value>> {
    let mut objects: Vec<Value> = Vec::new();
    for change in stages.iter().flat_map(Stage::changes) {
        match change {
            Change::Apply(path) => {
                for object in objects_of(&root.join(path))? {
                    match objects.iter_mut().find(|known| is_same(known, &object)) {
                        Some(known) => *known = object,
                        None => objects.push(object),
                    }
                }
            }
            Change::Delete(path) => {
                let deleted = objects_of(&root.join(path))?;
                objects.retain(|known| !deleted.iter().any(|object| is_same(known, object)));
            }
            Change::Define(_) | Change::Install(_) => {}
        }
    }
    Ok(objects)
}

/// The objects of all files that `stages` apply, whether or not they delete them later; an object may
/// be listed more than once.
///
/// # Errors
/// See [`left_by`].
pub(crate) fn ever_applied(root: &Path, stages: &[Stage]) -> anyhow::Result<Vec<Value>> {
    let mut objects = Vec::new();
    for change in stages.iter().flat_map(Stage::changes) {
        if let Change::Apply(path) = change {
            objects.extend(objects_of(&root.join(path))?);
        }
    }
    Ok(objects)
}

/// The objects of a file, or of all files of a folder.
///
/// # Errors
/// See [`left_by`].
pub(super) fn objects_of(path: &Path) -> anyhow::Result<Vec<Value>> {
    let objects: Result<Vec<_>, _> = files(path)?.iter().map(|file| read(file)).collect();
    Ok(objects?.concat())
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

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;
    use crate::documents::Documents;

    const DOCUMENT: &str = "## demo1/one: One\n\n```sh\nkubectl apply -f both.yaml\n```\n\n\
        ## demo1/two: Two\n\n```sh\nkubectl delete -f second.yaml\n```\n";

    #[test]
    fn what_a_stage_deletes_is_not_left_by_it_but_was_applied() {
        let root = env::temp_dir().join(format!("widgetario-manifests-{}", std::process::id()));
        fs::create_dir_all(root.join("docs")).expect("a folder");
        let object = |name| format!("kind: ConfigMap\nmetadata: {{ name: {name} }}\n");
        let both = format!("{}---\n{}", object("first"), object("second"));
        fs::write(root.join("docs/demo1.md"), DOCUMENT).expect("a document");
        fs::write(root.join("both.yaml"), both).expect("a manifest");
        fs::write(root.join("second.yaml"), object("second")).expect("a manifest");
        let stages = Documents::at(root.clone()).expect("the documents").stages;
        let names = |objects: Vec<Value>| objects.iter().map(name).collect::<Vec<_>>();
        let after_one = names(left_by(&root, &stages[..1]).expect("objects"));
        let after_two = names(left_by(&root, &stages).expect("objects"));
        let ever = names(ever_applied(&root, &stages).expect("objects"));
        fs::remove_dir_all(&root).expect("the folder");
        assert_eq!(after_one, ["configmap/first", "configmap/second"]);
        assert_eq!(after_two, ["configmap/first"]);
        assert_eq!(ever, after_one);
    }
}
