//! What docs/database.md changes of the manifests, and the optional ones, fit the others.

use serde_json::Value;

use crate::{containers, list, objects, read, text, title, yaml};

/// The kustomization that the document shows.
fn kustomization() -> Value {
    let document = read("docs/database.md");
    let (_, behind) = document.split_once("```yaml\n").unwrap();
    let (block, _) = behind.split_once("```").unwrap();
    serde_saphyr::from_str(block).unwrap()
}

/// The Deployment called `name`.
fn deployment(name: &str) -> &'static Value {
    let mut deployments = objects(&["Deployment"]).into_iter();
    let found = deployments.find(|object| object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no Deployment {name}"))
}

#[test]
fn whatever_the_kustomization_deletes_is_the_database_and_all_of_it() {
    for object in yaml("k8s/products-db.yaml") {
        assert_eq!(text(&object, "/metadata/name"), "products-db");
    }
    let kustomization = kustomization();
    let mut patches = list(&kustomization, "/patches").iter();
    let deletes = |patch: &&Value| text(patch, "/patch").starts_with("$patch: delete");
    let target = &patches.find(deletes).unwrap()["target"];
    assert_eq!(target, &serde_json::json!({ "name": "products-db" }));
    // Nothing else has that name.
    let others = ["01-namespace", "products-api", "stock-api", "web"];
    for object in others
        .into_iter()
        .flat_map(|name| yaml(format!("k8s/{name}.yaml")))
    {
        assert_ne!(text(&object, "/metadata/name"), "products-db");
    }
}

#[test]
fn kustomization_replaces_a_variable_that_the_container_has() {
    let kustomization = kustomization();
    let mut replaced = Vec::new();
    for patch in list(&kustomization, "/patches") {
        if patch["target"]["kind"] != "Deployment" {
            continue;
        }
        let name = text(patch, "/target/name");
        let patch: Value = serde_saphyr::from_str(text(patch, "/patch")).unwrap();
        assert_eq!(text(&patch, "/metadata/name"), name);
        let (patch, source) = (&containers(&patch)[0], &containers(deployment(name))[0]);
        assert_eq!(patch["name"], source["name"]);
        for variable in list(patch, "/env") {
            let mut variables = list(source, "/env").iter();
            assert!(
                variables.any(|known| known["name"] == variable["name"]),
                "{variable}"
            );
            replaced.push(name.to_owned());
        }
    }
    assert_eq!(replaced, ["products-api-v1", "stock-api"]);
}

#[test]
fn kustomization_gives_each_secret_its_key() {
    let kustomization = kustomization();
    let generators = list(&kustomization, "/secretGenerator");
    assert_eq!(generators.len(), 2);
    for generator in generators {
        let mut secrets = objects(&["Secret"]).into_iter();
        let secret = secrets.find(|secret| secret["metadata"]["name"] == generator["name"]);
        let keys = secret.unwrap()["stringData"].as_object().unwrap().keys();
        let files: Vec<_> = list(generator, "/files").iter().collect();
        assert_eq!(files, keys.collect::<Vec<_>>());
    }
}

#[test]
fn autoscaler_measures_a_container_of_the_deployment_that_it_scales() {
    for autoscaler in objects(&["HorizontalPodAutoscaler"]) {
        let deployment = deployment(text(autoscaler, "/spec/scaleTargetRef/name"));
        let containers = containers(deployment);
        for metric in list(autoscaler, "/spec/metrics") {
            let measured = &metric["containerResource"]["container"];
            let found = containers
                .iter()
                .any(|container| container["name"] == *measured);
            assert!(found, "{}: {measured}", title(autoscaler));
        }
    }
}
