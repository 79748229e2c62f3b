//! An API's OpenAPI document beside its router.

use std::collections::BTreeSet;

use reqwest::{Client, Method};
use serde_json::Value;

/// Asserts that the document of the API at `url` has the paths in `routes`, the text of the file that
/// lists them, and for each path the methods that the router allows.
///
/// # Panics
/// When they differ.
pub async fn assert_document_has_routes(url: &str, routes: &str) {
    let http = Client::new();
    let document = http
        .get(format!("{url}/openapi.json"))
        .send()
        .await
        .unwrap();
    let document: Value = document.json().await.unwrap();
    let documented = document["paths"].as_object().unwrap();

    let list = routes.split(".route(\"").skip(1);
    let listed: BTreeSet<_> = list.filter_map(|route| route.split('"').next()).collect();
    let paths = documented.keys().map(String::as_str);
    assert_eq!(listed, paths.chain(["/openapi.json"]).collect());

    for (path, operations) in documented {
        let url = format!("{url}{}", path.replace("{id}", "1"));
        let refused = http.request(Method::TRACE, url).send().await.unwrap();
        let allowed = refused.headers()["allow"].to_str().unwrap().to_lowercase();
        let allowed: BTreeSet<_> = allowed.split(',').filter(|name| *name != "head").collect();
        let operations: BTreeSet<_> = operations.as_object().unwrap().keys().collect();
        assert!(operations.iter().eq(&allowed), "{path}: {allowed:?}");
    }
}
