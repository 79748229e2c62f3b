//! Which images the shop runs.

use std::collections::BTreeSet;

use crate::{containers, text, workloads, yaml};

/// The images of ours that the manifests name.
fn images() -> BTreeSet<String> {
    let containers = workloads().into_iter().flat_map(containers);
    let images = containers.map(|container| text(container, "/image").to_owned());
    images
        .filter(|image| image.starts_with("widgetario/"))
        .collect()
}

#[test]
fn images_are_of_the_workspaces_version() {
    let version = env!("CARGO_PKG_VERSION");
    let image = |name| format!("widgetario/{name}:{version}");
    let all = ["web", "products-api", "stock-api", "products-db"].map(image);
    assert_eq!(images(), all.into());
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
