use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::openapi::assert_document_has_routes;
use testkit::problem::problem;

use crate::Api;

#[tokio::test]
async fn stock_of_each_product_is_known() {
    let (api, _database) = Api::start().await;
    for (id, stock) in [(1, 600), (2, 40), (3, 750), (4, 0)] {
        let answer: Value = api.get(&format!("/stock/{id}")).await.json().await.unwrap();
        assert_eq!(answer, json!({"id": id, "stock": stock}));
    }
}

#[tokio::test]
async fn unknown_product_is_not_found() {
    let (api, _database) = Api::start().await;
    let detail = problem(api.get("/stock/99").await, StatusCode::NOT_FOUND).await;
    assert_eq!(detail, "There is no product 99.");
}

#[tokio::test]
async fn id_that_is_no_number_is_a_bad_request() {
    let (api, _database) = Api::start().await;
    for id in ["abc", "1.5", "9223372036854775808", "%00"] {
        problem(
            api.get(&format!("/stock/{id}")).await,
            StatusCode::BAD_REQUEST,
        )
        .await;
    }
}

#[tokio::test]
async fn openapi_document_describes_both_paths() {
    let (api, _database) = Api::start().await;
    let document: Value = api.get("/openapi.json").await.json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/stock/{id}", "/stock/{id}/sales"]);
}

#[tokio::test]
async fn document_has_the_routers_paths_and_methods() {
    let (api, _database) = Api::start().await;
    assert_document_has_routes(&api.url(""), include_str!("../../src/routes.rs")).await;
}
