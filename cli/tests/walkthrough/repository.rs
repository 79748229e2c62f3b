//! The documents and manifests where there is no checkout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::root;

/// What the program brings along.
const FOLDERS: [&str; 3] = ["docs", "istio", "k8s"];

/// A user's folder that is no checkout, and this user's cache.
struct Elsewhere {
    folder: TempDir,
    cache: TempDir,
}

impl Elsewhere {
    fn new() -> Self {
        let [folder, cache] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        Self { folder, cache }
    }

    /// Runs the command in `folder`, from this one.
    fn run_in(&self, folder: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_widgetario"));
        command.env("WIDGETARIO_CACHE_HOME", self.cache.path());
        command.env("KUBECONFIG", "/nowhere").env("PATH", "");
        let command = command.current_dir(self.folder.path().join(folder));
        command.args(arguments).output().unwrap()
    }

    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run_in("", arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run_in("", arguments);
        assert!(!output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The program's own folder, which it has made.
    fn own(&self) -> PathBuf {
        let mut folders = fs::read_dir(self.cache.path().join("widgetario")).unwrap();
        let own = folders.next().unwrap().unwrap().path();
        assert!(folders.next().is_none());
        own
    }

    fn file(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }
}

/// The files of [`FOLDERS`] and below, from `root`, with their contents.
fn files(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders: Vec<_> = FOLDERS.iter().map(|name| root.join(name)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path).unwrap();
                files.push((path.strip_prefix(root).unwrap().to_owned(), content));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn stages_are_the_same_elsewhere_and_it_says_where_they_come_from() {
    let elsewhere = Elsewhere::new();
    let output = elsewhere.run_in("", &["stages"]);
    let here = crate::widgetario(&["stages"], root());
    assert_eq!(output.stdout, here.stdout);
    assert!(here.stderr.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    let own = elsewhere.own();
    assert!(said.contains(own.to_str().unwrap()), "{said}");
    assert!(files(&own) == files(root()));
}

#[test]
fn what_somebody_changed_in_the_programs_own_folder_is_written_anew() {
    let elsewhere = Elsewhere::new();
    elsewhere.succeeds(&["stages"]);
    let own = elsewhere.own();
    fs::write(own.join("k8s/web.yaml"), "changed").unwrap();
    fs::remove_file(own.join("docs/demo2.md")).unwrap();
    elsewhere.succeeds(&["stages"]);
    assert!(files(&elsewhere.own()) == files(root()));
}

/// The commands of a document name its files by paths from the repository's root.
#[cfg(unix)]
#[test]
fn commands_run_in_the_programs_own_folder() {
    let elsewhere = Elsewhere::new();
    let cluster = crate::cluster::under_load();
    let istioctl = cluster.path().join("istioctl");
    let noted = elsewhere.file("where");
    // The first command of the stage, which then ends: it failed.
    let script = format!("#!/bin/sh\npwd >> {}\nexit 1\n", noted.display());
    fs::write(&istioctl, script).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_widgetario"))
        .args(["run", "demo1/install", "--yes"])
        .env("WIDGETARIO_CACHE_HOME", elsewhere.cache.path())
        .env("PATH", cluster.path())
        .current_dir(elsewhere.folder.path())
        .output()
        .unwrap();
    let noted = fs::read_to_string(noted).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let own = fs::canonicalize(elsewhere.own()).unwrap();
    assert_eq!(noted.lines().next(), own.to_str());
}

#[test]
fn eject_writes_the_files_of_the_repository_once() {
    let elsewhere = Elsewhere::new();
    let first = elsewhere.succeeds(&["eject"]);
    let written = files(&elsewhere.file("widgetario-walkthrough"));
    assert!(written == files(root()));
    let count = written.len();
    assert!(first.contains(&format!("Wrote {count} files")), "{first}");
    let second = elsewhere.succeeds(&["eject"]);
    assert!(second.contains("Wrote 0 files"), "{second}");
    assert!(second.contains(&format!("{count} were there")), "{second}");
}

#[test]
fn every_link_of_a_demo_leads_to_a_file_that_eject_writes() {
    let elsewhere = Elsewhere::new();
    elsewhere.succeeds(&["eject", "."]);
    let mut links = 0;
    for (path, content) in files(elsewhere.folder.path()) {
        if path.to_string_lossy().contains("demo") && path.extension().unwrap() == "md" {
            let text = String::from_utf8(content).unwrap();
            for link in text.split("](").skip(1) {
                let target = link.split([')', '#']).next().unwrap();
                let file = elsewhere.folder.path().join("docs").join(target);
                assert!(target.contains("://") || file.exists(), "{target}");
                links += 1;
            }
        }
    }
    assert!(links > 20, "{links}");
}

#[test]
fn ejected_files_are_used_in_their_folder_and_below() {
    let elsewhere = Elsewhere::new();
    elsewhere.succeeds(&["eject", "mine"]);
    let document = elsewhere.file("mine/docs/demo1.md");
    let text = fs::read_to_string(&document).unwrap();
    let changed = text.replace("demo1/install: ", "demo1/install: My own way to ");
    fs::write(&document, changed).unwrap();
    let output = elsewhere.run_in("mine/k8s", &["stages"]);
    assert!(output.stderr.is_empty(), "{output:?}");
    let stages = String::from_utf8(output.stdout).unwrap();
    assert!(stages.contains("My own way to Install Istio"), "{stages}");
}

#[test]
fn eject_replaces_a_changed_file_only_when_it_is_told_to() {
    let elsewhere = Elsewhere::new();
    elsewhere.succeeds(&["eject"]);
    let changed = elsewhere.file("widgetario-walkthrough/k8s/web.yaml");
    let removed = elsewhere.file("widgetario-walkthrough/k8s/stock-api.yaml");
    fs::write(&changed, "mine").unwrap();
    fs::remove_file(&removed).unwrap();

    let error = elsewhere.fails(&["eject"]);
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(
        error.contains("1 of these files, such as k8s/web.yaml: ") && error.contains("--force"),
        "{error}"
    );
    assert_eq!(fs::read(&changed).unwrap(), b"mine");
    assert!(!removed.exists());

    let said = elsewhere.succeeds(&["eject", "--force"]);
    assert!(said.contains("Wrote 2 files"), "{said}");
    assert!(files(&elsewhere.file("widgetario-walkthrough")) == files(root()));
}

#[test]
fn manifests_take_all_images_of_the_shop_from_the_registry_that_eject_was_given() {
    let elsewhere = Elsewhere::new();
    elsewhere.succeeds(&["eject", "--registry", "registry.example:5000/some/body"]);
    let renamed = files(&elsewhere.file("widgetario-walkthrough"));
    let mut named = 0;
    for ((path, original), (_, content)) in files(root()).into_iter().zip(renamed) {
        if path.extension().unwrap() == "yaml" {
            let [original, text] = [original, content].map(|text| String::from_utf8(text).unwrap());
            let expected =
                original.replace("widgetario.invalid/", "registry.example:5000/some/body/");
            assert!(text == expected, "{}", path.display());
            named += text.matches("registry.example:5000/some/body/").count();
        } else {
            assert!(content == original, "{}", path.display());
        }
    }
    assert!(named >= 9, "{named}");
}

#[test]
fn registry_that_no_image_can_have_is_refused() {
    let elsewhere = Elsewhere::new();
    for wrong in ["https://ghcr.io/me", "ghcr.io/Me", "ghcr.io/me/", ""] {
        let error = elsewhere.fails(&["eject", "--registry", wrong]);
        assert!(error.contains("such as ghcr.io/"), "{error}");
    }
    assert!(!elsewhere.file("widgetario-walkthrough").exists());
}
