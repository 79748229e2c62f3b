//! Objects that a format forces to be written twice differ only where they are meant to.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{objects, read, text, yaml};

/// JSON pointers (<https://www.rfc-editor.org/rfc/rfc6901>) to what differs, in order. Lists whose
/// items all have a `name` are compared item by item of the same name, and a pointer has the name in
/// the place of the index.
pub(crate) fn differences(left: &Value, right: &Value) -> Vec<String> {
    if left == right {
        return Vec::new();
    }
    let keys = keys(left).zip(keys(right));
    let Some((left_keys, right_keys)) = keys else {
        return vec![String::new()];
    };
    let keys: BTreeSet<_> = left_keys.union(&right_keys).cloned().collect();
    let below = |key: String| {
        let found = differences(item(left, &key), item(right, &key));
        let key = key.replace('~', "~0").replace('/', "~1");
        found
            .into_iter()
            .map(move |pointer| format!("/{key}{pointer}"))
    };
    keys.into_iter().flat_map(below).collect()
}

/// The keys of an object, or the names of a list's items; `None` for what has neither.
fn keys(value: &Value) -> Option<BTreeSet<String>> {
    match value {
        Value::Object(fields) => Some(fields.keys().cloned().collect()),
        Value::Array(items) => {
            let names = items.iter().map(|item| item["name"].as_str());
            names.map(|name| Some(name?.to_owned())).collect()
        }
        _ => None,
    }
}

/// What `value` has under one of its [`keys`].
fn item<'v>(value: &'v Value, key: &str) -> &'v Value {
    let none = &Value::Null;
    match value {
        Value::Array(items) => {
            let found = items.iter().find(|item| item["name"] == key);
            found.unwrap_or(none)
        }
        _ => value.get(key).unwrap_or(none),
    }
}

/// A Deployment of the shop.
fn deployment(name: &str) -> &'static Value {
    let mut deployments = objects(&["Deployment"]).into_iter();
    let found = deployments.find(|object| text(object, "/metadata/name") == name);
    found.unwrap_or_else(|| panic!("no Deployment {name}"))
}

/// How the Deployment of `app` would read if it were that of products-api.
fn as_products_api(app: &str) -> Value {
    let text = deployment(app).to_string();
    let text = text.replace(app, "products-api");
    let text = text.replace(&app.replace('-', "_"), "products_api");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn stock_api_is_deployed_as_products_api_is() {
    assert_eq!(
        differences(deployment("products-api-v1"), &as_products_api("stock-api")),
        [
            "/metadata/name",
            "/spec/template/spec/containers/products-api/env/PRICE_FACTOR",
        ]
    );
}

#[test]
fn web_is_deployed_as_products_api_is_but_for_the_database() {
    assert_eq!(
        differences(deployment("products-api-v1"), &as_products_api("web")),
        [
            "/metadata/name",
            "/spec/template/spec/containers/products-api/env/DATABASE_PASSWORD_FILE",
            "/spec/template/spec/containers/products-api/env/DATABASE_URL",
            "/spec/template/spec/containers/products-api/env/JAEGER_URL",
            "/spec/template/spec/containers/products-api/env/PRICE_FACTOR",
            "/spec/template/spec/containers/products-api/env/WIDGETARIO_ENVIRONMENT",
            "/spec/template/spec/containers/products-api/envFrom",
            "/spec/template/spec/containers/products-api/volumeMounts",
            "/spec/template/spec/volumes",
        ]
    );
}

/// The Deployment of a file.
fn deployment_in(file: &str) -> Value {
    let mut documents = yaml(file).into_iter();
    let found = documents.find(|document| document["kind"] == "Deployment");
    found.unwrap_or_else(|| panic!("no Deployment in {file}"))
}

#[test]
fn deployments_of_demo_3_gain_a_service_account_and_nothing_else() {
    for (name, account) in [
        ("web", "widgetario-web"),
        ("stock-api", "widgetario-stock"),
        ("products-api", "widgetario-products"),
    ] {
        let copy = deployment_in(&format!("istio/demo3/widgetario/{name}.yaml"));
        let source = deployment_in(&format!("k8s/{name}.yaml"));
        let added = "/spec/template/spec/serviceAccountName";
        assert_eq!(differences(&source, &copy), [added]);
        assert_eq!(text(&copy, added), account);
    }
}

#[test]
fn web_with_a_supplier_is_that_of_demo_3_with_two_lines_more() {
    let (source, copy) = (
        "istio/demo3/widgetario/web.yaml",
        "istio/demo6/egress/web.yaml",
    );
    assert_eq!(
        differences(&deployment_in(source), &deployment_in(copy)),
        [
            "/spec/template/spec/containers/web/env/SUPPLIER_URL",
            "/spec/template/spec/dnsConfig",
        ]
    );
    let mut copied = lines(copy);
    let all = copied.len();
    copied.retain(|line| !line.contains(" # <-"));
    assert_eq!(all, copied.len() + 2, "each is marked");
    let source = lines(source).into_iter();
    let source = source.map(|line| line.split(" # <-").next().unwrap().to_owned());
    assert_eq!(copied, source.collect::<Vec<_>>());
}

#[test]
fn database_without_a_sidecar_is_that_of_the_shop_with_two_labels_more() {
    let (source, copy) = (
        "k8s/products-db.yaml",
        "istio/demo7/ambient-install/products-db.yaml",
    );
    let stateful_set = |file| {
        let mut documents = yaml(file).into_iter();
        documents.find(|document| document["kind"] == "StatefulSet")
    };
    let labels = "/spec/template/metadata/labels";
    assert_eq!(
        differences(&stateful_set(source).unwrap(), &stateful_set(copy).unwrap()),
        ["istio.io~1dataplane-mode", "sidecar.istio.io~1inject"]
            .map(|name| format!("{labels}/{name}"))
    );
    let (plain, marked): (Vec<_>, Vec<_>) = lines_of("StatefulSet", copy)
        .into_iter()
        .partition(|line| !line.contains(" # <-"));
    assert_eq!(plain, lines_of("StatefulSet", source));
    assert_eq!(marked.len(), 2);
}

#[test]
fn version_2_is_version_1_with_another_price() {
    assert_eq!(
        differences(
            &deployment_in("istio/demo3/widgetario/products-api.yaml"),
            &deployment_in("istio/demo4/products-api/deployment-v2.yaml")
        ),
        [
            "/metadata/labels/version",
            "/metadata/name",
            "/spec/selector/matchLabels/version",
            "/spec/template/metadata/labels/version",
            "/spec/template/spec/containers/products-api/env/APP_VERSION/value",
            "/spec/template/spec/containers/products-api/env/PRICE_FACTOR/value",
        ]
    );
}

#[test]
fn broken_replica_is_stock_api_under_another_version() {
    assert_eq!(
        differences(
            &deployment_in("istio/demo3/widgetario/stock-api.yaml"),
            &deployment_in("istio/demo4/stock-api/resilience/broken-replica/deployment.yaml")
        ),
        [
            "/metadata/labels/version",
            "/metadata/name",
            "/spec/selector/matchLabels/version",
            "/spec/template/metadata/labels/version",
            "/spec/template/spec/containers/stock-api/env/APP_VERSION/value",
        ]
    );
}

/// Behind Istio's own filters: a call that a policy refuses is neither delayed nor counted.
#[test]
fn filter_that_demo_6_adds_stands_where_that_of_demo_4_does() {
    let place = |file: &str| {
        let mut spec = yaml(file)[0]["spec"].take();
        spec["configPatches"][0]["patch"]["value"].take();
        spec
    };
    let faults = place("istio/demo4/stock-api/resilience/faults.yaml");
    for file in [
        "istio/demo6/breaker/slow-stock-api.yaml",
        "istio/demo6/rate-limit/local-rate-limit.yaml",
    ] {
        assert_eq!(place(file), faults, "{file}");
    }
}

/// The lines of a file's Deployment, without those that are only a comment.
fn lines(file: &str) -> Vec<String> {
    lines_of("Deployment", file)
}

/// The same of the file's object of a `kind`.
fn lines_of(kind: &str, file: &str) -> Vec<String> {
    let text = read(file);
    let mut documents = text.split("\n---\n");
    let found = documents.find(|document| document.contains(&format!("\nkind: {kind}\n")));
    let lines = found
        .unwrap_or_else(|| panic!("no {kind} in {file}"))
        .lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn copy_marks_each_line_that_differs_from_its_source() {
    for (source, copy) in [
        ("k8s/web.yaml", "istio/demo3/widgetario/web.yaml"),
        (
            "k8s/stock-api.yaml",
            "istio/demo3/widgetario/stock-api.yaml",
        ),
        (
            "k8s/products-api.yaml",
            "istio/demo3/widgetario/products-api.yaml",
        ),
        (
            "istio/demo3/widgetario/products-api.yaml",
            "istio/demo4/products-api/deployment-v2.yaml",
        ),
        (
            "istio/demo3/widgetario/stock-api.yaml",
            "istio/demo4/stock-api/resilience/broken-replica/deployment.yaml",
        ),
    ] {
        let [source, copied] = [source, copy].map(lines);
        assert_eq!(source.len(), copied.len(), "{copy}");
        for (line, copied) in source.iter().zip(&copied) {
            let [plain, value] = [line, copied].map(|line| line.split(" # <-").next().unwrap());
            assert_eq!(copied.contains(" # <-"), plain != value, "{copy}: {copied}");
        }
    }
}
