use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::problem::problem;

use crate::Api;

#[tokio::test]
async fn stock_is_replaced_up_to_the_largest_number() {
    let (api, _database) = Api::start().await;
    for stock in [0, 1, i64::MAX] {
        let answer = api
            .send(Method::PUT, "/stock/4", json!({ "stock": stock }))
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer, json!({"id": 4, "stock": stock}));
        assert_eq!(api.left(4).await, stock);
    }
}

#[tokio::test]
async fn whole_number_may_be_written_as_a_float() {
    let (api, _database) = Api::start().await;
    for (body, stock) in [(r#"{"stock":5.0}"#, 5), (r#"{"stock":1e3}"#, 1000)] {
        assert_eq!(put(&api, body).await.status(), StatusCode::OK);
        assert_eq!(api.left(1).await, stock);
    }
}

#[tokio::test]
async fn unknown_product_is_not_found() {
    let (api, _database) = Api::start().await;
    let answer = api
        .send(Method::PUT, "/stock/99", json!({"stock": 1}))
        .await;
    problem(answer, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn bad_stock_is_refused_with_what_is_allowed() {
    let (api, _database) = Api::start().await;
    let bad = [
        r#"{"stock":-1}"#,
        r#"{"stock":1.5}"#,
        r#"{"stock":null}"#,
        r#"{"stock":"5"}"#,
        r#"{"stock":true}"#,
        r#"{"stock":[5]}"#,
        r#"{"stock":9223372036854775808}"#,
        r#"{"stock":99999999999999999999}"#,
        r#"{"stock":9007199254740994.0}"#,
        r#"{"stock":1e300}"#,
    ];
    for body in bad {
        let detail = problem(put(&api, body).await, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert!(
            detail.contains("a whole number from 0 to 9223372036854775807"),
            "{body}: {detail}"
        );
    }
    assert_eq!(api.left(1).await, 600);
}

#[tokio::test]
async fn wrong_fields_are_refused_by_name() {
    let (api, _database) = Api::start().await;
    for (body, named) in [
        ("{}", "missing field `stock`"),
        (r#"{"stock":5,"price":1}"#, "unknown field `price`"),
        (r#"{"stock":5,"stock":6}"#, "duplicate field `stock`"),
        ("[5]", "expected an object"),
        ("5", "expected an object"),
    ] {
        let detail = problem(put(&api, body).await, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert!(detail.contains(named), "{body}: {detail}");
    }
    assert_eq!(api.left(1).await, 600);
}

#[tokio::test]
async fn body_that_is_no_json_is_refused() {
    let (api, _database) = Api::start().await;
    for body in ["", "{", "stock=5", "\u{0}"] {
        problem(put(&api, body).await, StatusCode::BAD_REQUEST).await;
    }
    assert_eq!(api.left(1).await, 600);
}

#[tokio::test]
async fn body_over_16_kib_is_refused() {
    let (api, _database) = Api::start().await;
    let body = format!(r#"{{"stock":5{}}}"#, " ".repeat(16 * 1024));
    let detail = problem(put(&api, &body).await, StatusCode::PAYLOAD_TOO_LARGE).await;
    assert_eq!(detail, "The body may have at most 16 KiB.");
    assert_eq!(api.left(1).await, 600);
}

#[tokio::test]
async fn other_content_types_are_refused() {
    let (api, _database) = Api::start().await;
    let request = api.http.put(api.url("/stock/1"));
    let request = request
        .header("content-type", "text/plain")
        .body(r#"{"stock":5}"#);
    let detail = problem(
        request.send().await.unwrap(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    )
    .await;
    assert!(detail.contains("application/json"), "{detail}");
    assert_eq!(api.left(1).await, 600);
}

async fn put(api: &Api, body: &str) -> reqwest::Response {
    let request = api.http.put(api.url("/stock/1"));
    let request = request.header("content-type", "application/json");
    request.body(body.to_owned()).send().await.unwrap()
}
