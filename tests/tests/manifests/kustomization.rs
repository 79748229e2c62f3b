//! `kubectl apply -k` makes what `kubectl apply -f k8s/` makes, from images of any registry.

use std::collections::BTreeSet;

use walkthrough::images::{LOCAL, NAMES};

use crate::{files, list, root, text, yaml};

#[test]
fn kustomization_applies_each_manifest_of_the_shop_as_it_is() {
    let kustomization = &yaml("kustomization.yaml")[0];
    let manifests = files("k8s", ".yaml");
    let manifests = manifests
        .iter()
        .map(|file| file.strip_prefix(root()).unwrap());
    // `kubectl apply -f` leaves the folders in there out.
    let manifests = manifests.filter(|file| file.parent().is_some_and(|folder| folder == "k8s"));
    let manifests: Vec<_> = manifests
        .map(|file| file.to_str().unwrap().replace('\\', "/"))
        .collect();
    assert_eq!(kustomization["resources"], serde_json::json!(manifests));
    let fields = kustomization.as_object().unwrap().keys();
    let fields: BTreeSet<_> = fields.map(String::as_str).collect();
    assert_eq!(fields, ["apiVersion", "images", "kind", "resources"].into());
}

#[test]
fn kustomization_takes_all_images_of_the_shop_from_one_registry() {
    let kustomization = &yaml("kustomization.yaml")[0];
    let mut registries = BTreeSet::new();
    let mut named = BTreeSet::new();
    for image in list(kustomization, "/images") {
        assert_eq!(image.as_object().unwrap().len(), 2, "{image}");
        let (registry, name) = text(image, "/newName").rsplit_once('/').unwrap();
        assert_eq!(text(image, "/name"), format!("{LOCAL}/{name}"));
        registries.insert(registry);
        named.insert(name);
    }
    assert_eq!(named, NAMES.into());
    assert_eq!(registries.len(), 1, "{registries:?}");
}
