//! The objects of the Gateway API name what exists, and say what their files' names say.

use serde_json::{Value, json};

use crate::copies::differences;
use crate::labels::selected;
use crate::{files, list, objects, text, title, yaml};

const GROUP: &str = "gateway.networking.k8s.io";
/// The files that divide the calls of products-api between its versions.
const SPLITS: &str = "istio/demo7/gateway-api/products-api/traffic-split";

/// Every object of the Gateway API, in whichever namespace.
fn gateway_objects() -> Vec<Value> {
    let objects = files("istio", ".yaml").into_iter().flat_map(yaml);
    let of_the_group = |object: &Value| text(object, "/apiVersion").starts_with(GROUP);
    let objects: Vec<_> = objects.filter(of_the_group).collect();
    assert!(!objects.is_empty());
    objects
}

fn http_routes() -> Vec<Value> {
    let mut objects = gateway_objects();
    objects.retain(|object| object["kind"] == "HTTPRoute");
    objects
}

/// The Service called `name`.
fn service(name: &str) -> Option<&'static Value> {
    let mut services = objects(&["Service"]).into_iter();
    services.find(|service| service["metadata"]["name"] == name)
}

#[test]
fn kind_of_each_object_is_among_those_that_the_demo_installs() {
    let kinds = yaml("istio/demo7/gateway-api/kinds.yaml");
    let name = |kind: &Value| text(kind, "/spec/names/kind").to_owned();
    let served = kinds.iter().flat_map(|kind| {
        let versions = list(kind, "/spec/versions").iter();
        let served = versions.filter(|version| version["served"] == true);
        served.map(move |version| (name(kind), format!("{GROUP}/{}", text(version, "/name"))))
    });
    let served: Vec<_> = served.collect();
    for object in gateway_objects() {
        let kind = ["/kind", "/apiVersion"].map(|pointer| text(&object, pointer).to_owned());
        assert!(served.contains(&kind.into()), "{}", title(&object));
    }
    // istiod makes the classes itself.
    assert!(kinds.iter().any(|kind| name(kind) == "GatewayClass"));
    for kind in &kinds {
        let annotations = &kind["metadata"]["annotations"];
        assert_eq!(annotations[format!("{GROUP}/bundle-version")], "v1.6.0");
        assert_eq!(annotations[format!("{GROUP}/channel")], "standard");
    }
}

#[test]
fn backend_of_a_route_is_a_port_of_a_service() {
    for route in http_routes() {
        for rule in list(&route, "/spec/rules") {
            for backend in list(rule, "/backendRefs") {
                let name = text(backend, "/name");
                let service = service(name).unwrap_or_else(|| panic!("{}: {name}", title(&route)));
                let mut ports = list(service, "/spec/ports").iter();
                assert!(ports.any(|port| port["port"] == backend["port"]), "{name}");
            }
        }
    }
}

#[test]
fn parent_of_a_route_is_a_service_or_a_gateway_that_takes_it() {
    let gateways = gateway_objects();
    for route in http_routes() {
        for parent in list(&route, "/spec/parentRefs") {
            let name = text(parent, "/name");
            if parent["kind"] == "Service" {
                assert_eq!(parent["group"], "", "{name}");
                assert!(service(name).is_some(), "{name}");
                continue;
            }
            let is_parent = |object: &&Value| {
                object["kind"] == "Gateway"
                    && object["metadata"]["name"] == name
                    && object["metadata"]["namespace"] == parent["namespace"]
            };
            let gateway = gateways.iter().find(is_parent);
            let gateway = gateway.unwrap_or_else(|| panic!("no Gateway {name}"));
            let allowed = &gateway["spec"]["listeners"][0]["allowedRoutes"]["namespaces"];
            let namespace =
                json!({ "kubernetes.io/metadata.name": route["metadata"]["namespace"] });
            assert_eq!(allowed["selector"]["matchLabels"], namespace, "{name}");
        }
    }
}

#[test]
fn service_of_a_version_leads_to_that_version_alone_by_the_ports_of_the_common_one() {
    let common = service("products-api").unwrap();
    for name in ["products-api-v1", "products-api-v2"] {
        let own = service(name).unwrap();
        assert_eq!(
            differences(common, own),
            ["/metadata/name", "/spec/selector/version"]
        );
        // Copies of a Deployment for other demos have the same name.
        let mut selected: Vec<_> = selected(&own["spec"]["selector"])
            .into_iter()
            .map(title)
            .collect();
        selected.dedup();
        assert_eq!(selected, [format!("Deployment/{name}")]);
    }
}

#[test]
fn weights_are_those_of_the_files_name_and_all_else_is_the_same() {
    let mut splits = Vec::new();
    for file in files(SPLITS, ".yaml") {
        let mut route = yaml(&file).remove(0);
        let weights: Vec<_> = list(&route, "/spec/rules/0/backendRefs")
            .iter()
            .map(|backend| {
                (
                    text(backend, "/name").to_owned(),
                    backend["weight"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(weights.iter().map(|(_, weight)| weight).sum::<u64>(), 100);
        let [(old, old_weight), (new, new_weight)] = &weights[..] else {
            panic!("{weights:?}");
        };
        assert_eq!([old, new], ["products-api-v1", "products-api-v2"]);
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert_eq!(name, format!("{old_weight}-{new_weight}"));
        for backend in route["spec"]["rules"][0]["backendRefs"]
            .as_array_mut()
            .unwrap()
        {
            backend["weight"].take();
        }
        splits.push(route);
    }
    splits.dedup();
    assert_eq!(splits.len(), 1, "only the weights differ");
}

#[test]
fn each_split_of_demo_4_has_its_like() {
    let names = |folder: &str| {
        let files = files(folder, ".yaml").into_iter();
        let names = files.map(|file| file.file_name().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        names(SPLITS),
        names("istio/demo4/products-api/traffic-split")
    );
}
