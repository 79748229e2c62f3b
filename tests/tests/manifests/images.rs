//! Which images the shop runs.

use std::collections::BTreeSet;

use walkthrough::images::{LOCAL, NAMES, shop};

use crate::{containers, files, read, root, text, workloads, yaml};

/// The images of ours that the manifests name.
fn images() -> BTreeSet<String> {
    let containers = workloads().into_iter().flat_map(containers);
    let images = containers.map(|container| text(container, "/image").to_owned());
    images.filter(|image| image.starts_with(LOCAL)).collect()
}

#[test]
fn images_are_those_that_the_walkthrough_knows() {
    let version = env!("CARGO_PKG_VERSION");
    let known = NAMES.map(|name| format!("{LOCAL}/{name}:{version}"));
    assert_eq!(images(), known.into());
}

#[test]
fn docker_compose_builds_the_images_that_kubernetes_runs() {
    let compose = &yaml("docker-compose.yml")[0];
    let services = compose["services"].as_object().unwrap().values();
    let built = services.filter(|service| service.get("build").is_some());
    let built: BTreeSet<_> = built
        .map(|service| text(service, "/image").to_owned())
        .collect();
    assert_eq!(built, images());
}

#[test]
fn nothing_names_the_shops_images_in_a_registry_that_somebody_may_own() {
    let folders = ["k8s", "istio", "docs", ".github"].into_iter();
    let folders = folders.filter(|folder| root().join(folder).is_dir());
    let ends = [".yaml", ".yml", ".md"];
    let mut paths: Vec<_> = folders
        .flat_map(|folder| ends.iter().flat_map(move |end| files(folder, end)))
        .collect();
    let single = [
        "docker-compose.yml",
        "Dockerfile",
        "db/Dockerfile",
        "README.md",
        "CONTRIBUTING.md",
    ];
    paths.extend(single.map(|name| root().join(name)));
    let image = format!(r"[a-z][\w.-]*/(?:{}):[\w.]+", NAMES.join("|"));
    let image = regex_lite::Regex::new(&image).unwrap();
    let mut named = BTreeSet::new();
    for path in paths {
        let text = read(&path);
        for found in image
            .find_iter(&text)
            .map(|found| found.as_str().to_owned())
        {
            assert!(shop().contains(&found), "{}: {found}", path.display());
            named.insert(found);
        }
    }
    assert_eq!(named, shop().into());
}

#[test]
fn docker_sees_a_manifest_and_a_target_of_each_member() {
    let manifest = read("Cargo.toml");
    let members = manifest.split("members = [").nth(1).unwrap();
    let members = members.split(']').next().unwrap().lines();
    let members = members.filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
    let ignore = read(".dockerignore");
    let sees = |path: &str| ignore.lines().any(|line| line == format!("!{path}"));
    let members: Vec<_> = members.collect();
    assert!(members.contains(&"web"), "{members:?}");
    for member in members {
        let targets = ["lib", "main"].map(|name| format!("{member}/src/{name}.rs"));
        let has_target = targets.iter().any(|target| sees(target));
        let is_read = sees(&format!("{member}/Cargo.toml")) && has_target;
        assert!(sees(member) || is_read, "{member} is not in .dockerignore");
        // Cargo finds the other targets by itself, and misses none that Docker does not see. It looks
        // for the file of one that is named, unless its path is, too.
        let manifest = read(format!("{member}/Cargo.toml"));
        let mut named = manifest.split("\n[[").skip(1);
        assert!(
            named.all(|target| target.contains("\npath = ")),
            "{member} names a target, whose file Docker does not see"
        );
    }
}
