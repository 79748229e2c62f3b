//! What the documents tell readers to open and to type exists.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use walkthrough::images::{LOCAL, shop};

use crate::{files, objects, read, root};

/// README.md and all of `docs`.
fn documents() -> Vec<PathBuf> {
    let mut documents = files("docs", ".md");
    documents.push(root().join("README.md"));
    documents
}

/// All code of the documents, line by line in blocks and piece by piece in the text, each as its
/// words.
fn code() -> Vec<Vec<String>> {
    let mut code = Vec::new();
    for document in documents() {
        let text = read(document);
        let mut block = false;
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                block = !block;
            } else if block {
                code.push(words(line));
            } else {
                code.extend(line.split('`').skip(1).step_by(2).map(words));
            }
        }
    }
    code
}

fn words(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or_default();
    line.split_whitespace().map(str::to_owned).collect()
}

/// The words that follow `start` in each command that has it.
fn commands(start: &[&str]) -> Vec<Vec<String>> {
    let commands = code().into_iter().filter_map(|words| {
        let at = words.windows(start.len()).position(|some| some == start)?;
        Some(words[at + start.len()..].to_vec())
    });
    let commands: Vec<_> = commands.collect();
    assert!(!commands.is_empty(), "{start:?}");
    commands
}

/// The words that follow one of `flags`.
fn values<'w>(words: &'w [String], flags: &[&str]) -> Vec<&'w str> {
    let pairs = words.windows(2);
    let pairs = pairs.filter(|pair| flags.contains(&pair[0].as_str()));
    pairs.map(|pair| pair[1].as_str()).collect()
}

#[test]
fn every_link_leads_to_a_file() {
    for document in documents() {
        let folder = document.parent().unwrap();
        for link in read(&document).split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            if !target.contains("://") {
                let file = folder.join(target);
                assert!(file.exists(), "{}: {target}", document.display());
            }
        }
    }
}

#[test]
fn every_file_that_code_names_exists() {
    for words in code() {
        let features = values(&words, &["--features"]);
        let ours = words.iter().map(String::as_str).filter(|word| {
            if features.contains(word) {
                return false; // a package and one of its features
            }
            let folder = word.split('/').next().unwrap();
            word.contains('/') && !folder.is_empty() && root().join(folder).is_dir()
        });
        let applied = values(&words, &["-f", "--filename", "--file"]);
        for file in ours.chain(applied) {
            assert!(root().join(file).exists(), "{file} in {words:?}");
        }
    }
}

#[test]
fn every_file_that_the_page_names_exists() {
    let sources = [files("web/src", ".rs"), files("web/assets", ".js")].concat();
    let mut named = 0;
    for source in sources {
        for text in read(&source).split("istio/demo").skip(1) {
            let file = format!("istio/demo{}", text.split(['"', '`']).next().unwrap());
            assert!(root().join(&file).exists(), "{}: {file}", source.display());
            named += 1;
        }
    }
    assert!(named > 5, "{named}");
}

/// The folder of the workspace's member that is called `package`.
fn folder_of(package: &str) -> PathBuf {
    let name = format!("name = \"{package}\"\n");
    let mut folders = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let found = folders.find(|folder| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml"));
        manifest.is_ok_and(|manifest| manifest.contains(&name))
    });
    found.unwrap_or_else(|| panic!("no package {package}"))
}

#[test]
fn every_cargo_command_names_a_package_and_a_test_that_exist() {
    for words in commands(&["cargo"]) {
        let cargo = words.split(|word| word == "--").next().unwrap();
        for package in values(cargo, &["-p", "--package"]) {
            let folder = folder_of(package);
            for test in values(cargo, &["--test"]) {
                let test = folder.join("tests").join(test);
                assert!(test.join("main.rs").exists(), "{}", test.display());
            }
        }
    }
}

#[test]
fn every_flag_of_the_widgetario_command_is_in_its_help() {
    let help = |subcommand: Option<&String>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shop-tests"));
        let output = command.args(subcommand).arg("--help").output().unwrap();
        assert!(output.status.success(), "{subcommand:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    for words in commands(&["cargo", "run", "--"]) {
        let help = help(words.first().filter(|word| !word.starts_with('-')));
        for flag in words.iter().filter(|word| word.starts_with('-')) {
            assert!(help.contains(flag), "{flag} in {words:?}");
        }
    }
}

#[test]
fn every_image_of_ours_is_of_the_workspaces_version() {
    let words = code().into_iter().flatten();
    let images = words.filter(|word| word.starts_with(&format!("{LOCAL}/")));
    let (ours, others): (Vec<_>, Vec<_>) = images.partition(|image| shop().contains(image));
    assert!(!ours.is_empty());
    assert_eq!(others, [""; 0]);
}

#[test]
fn every_object_that_kubectl_is_asked_for_is_in_the_manifests() {
    let named = |kind: &str, name: &str| {
        let mut found = objects(&[kind]).into_iter();
        found.any(|object| object["metadata"]["name"] == name)
    };
    for words in commands(&["kubectl"]) {
        let elsewhere = ["istio-system", "outside"];
        if words.iter().any(|word| elsewhere.contains(&word.as_str())) {
            continue; // Istio's own, the add-ons, and the supplier
        }
        for (kind, name) in words.iter().filter_map(|word| word.split_once('/')) {
            let kind = match kind {
                // Istio makes the Deployment of a waypoint, under the name of its Gateway.
                "deployment" if named("Gateway", name) => "Gateway",
                "deployment" => "Deployment",
                "gtw" => "Gateway",
                "statefulset" => "StatefulSet",
                "service" => "Service",
                "secret" => "Secret",
                _ => continue,
            };
            assert!(named(kind, name), "{kind}/{name} in {words:?}");
        }
        for namespace in values(&words, &["-n", "--namespace"]) {
            let known = ["widgetario", "istio-system", "default"];
            assert!(known.contains(&namespace), "{words:?}");
        }
    }
}
