use reqwest::StatusCode;
use testkit::openapi::assert_document_has_routes;
use testkit::problem::problem;

use crate::Api;

#[tokio::test]
async fn products_are_listed_by_id_with_exact_prices() {
    let api = Api::start(&[]).await;
    assert_eq!(
        api.get("/products").await.text().await.unwrap(),
        r#"[{"id":1,"name":"Arm64 SoC","price":30.00},{"id":2,"name":"IoT breakout board","price":8.00},{"id":3,"name":"DAC extension board","price":15.50},{"id":4,"name":"Mars comms unit","price":6000.00}]"#
    );
}

#[tokio::test]
async fn v2_asks_one_and_three_quarters_of_the_price() {
    let api = Api::start(&["--price-factor=1.75"]).await;
    let products = api.get("/products").await.text().await.unwrap();
    for price in [
        r#""price":52.50}"#,
        r#""price":14.00}"#,
        r#""price":27.13}"#,
        r#""price":10500.00}"#,
    ] {
        assert!(products.contains(price), "{price} in {products}");
    }
}

#[tokio::test]
async fn one_product_is_found_by_its_id() {
    let api = Api::start(&[]).await;
    let product = api.get("/products/3").await.text().await.unwrap();
    assert_eq!(
        product,
        r#"{"id":3,"name":"DAC extension board","price":15.50}"#
    );
}

#[tokio::test]
async fn unknown_product_is_not_found() {
    let api = Api::start(&[]).await;
    let detail = problem(api.get("/products/99").await, StatusCode::NOT_FOUND).await;
    assert_eq!(detail, "There is no product 99.");
}

#[tokio::test]
async fn id_that_is_no_number_is_a_bad_request() {
    let api = Api::start(&[]).await;
    let detail = problem(api.get("/products/abc").await, StatusCode::BAD_REQUEST).await;
    assert!(detail.contains("abc"), "{detail}");
}

#[tokio::test]
async fn other_paths_and_methods_are_problems() {
    let api = Api::start(&[]).await;
    problem(api.get("/nothing").await, StatusCode::NOT_FOUND).await;
    let url = format!("{}/products", api.url);
    let response = reqwest::Client::new().delete(url).send().await.unwrap();
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    problem(response, StatusCode::METHOD_NOT_ALLOWED).await;
}

#[tokio::test]
async fn every_answer_says_which_version_and_pod_gave_it() {
    let api = Api::start(&["--app-version=v2", "--pod-name=products-api-v2-abc"]).await;
    for path in ["/products", "/products/99", "/nothing"] {
        let response = api.get(path).await;
        assert_eq!(response.headers()["x-widgetario-version"], "v2");
        assert_eq!(
            response.headers()["x-widgetario-pod"],
            "products-api-v2-abc"
        );
    }
}

#[tokio::test]
async fn answer_returns_what_the_mesh_said_about_the_request() {
    let api = Api::start(&[]).await;
    let identity = "spiffe://cluster.local/ns/widgetario/sa/widgetario-web";
    let request = reqwest::Client::new().get(format!("{}/products", api.url));
    let request = request.header("x-envoy-attempt-count", "2");
    let request = request.header("x-forwarded-client-cert", format!("Hash=0f;URI={identity}"));
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["x-widgetario-attempt"], "2");
    assert_eq!(response.headers()["x-widgetario-caller"], identity);
}

#[tokio::test]
async fn openapi_document_describes_both_routes() {
    let api = Api::start(&[]).await;
    let document = api.json("/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/products", "/products/{id}"]);
}

#[tokio::test]
async fn document_has_the_routers_paths_and_methods() {
    let api = Api::start(&[]).await;
    assert_document_has_routes(&api.url, include_str!("../../src/routes.rs")).await;
}
