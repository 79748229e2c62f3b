use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::problem::problem;
use tokio::task::JoinSet;

use crate::Api;

#[tokio::test]
async fn sale_answers_what_is_left() {
    let (api, _database) = Api::start().await;
    let answer: Value = api.sell(1, 3).await.json().await.unwrap();
    assert_eq!(answer, json!({"id": 1, "stock": 597}));
}

#[tokio::test]
async fn sold_out_product_cannot_be_bought() {
    let (api, _database) = Api::start().await;
    let detail = problem(api.sell(4, 1).await, StatusCode::CONFLICT).await;
    assert_eq!(detail, "1 wanted, 0 left; none was sold.");
}

#[tokio::test]
async fn more_than_is_left_sells_none() {
    let (api, _database) = Api::start().await;
    problem(api.sell(2, 41).await, StatusCode::CONFLICT).await;
    problem(api.sell(2, i64::MAX).await, StatusCode::CONFLICT).await;
    assert_eq!(api.left(2).await, 40);
}

#[tokio::test]
async fn unknown_product_is_not_found() {
    let (api, _database) = Api::start().await;
    problem(api.sell(99, 1).await, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn quantity_below_one_is_refused() {
    let (api, _database) = Api::start().await;
    for quantity in [0, -1, i64::MIN] {
        let detail = problem(
            api.sell(1, quantity).await,
            StatusCode::UNPROCESSABLE_ENTITY,
        )
        .await;
        assert!(detail.contains("a whole number from 1 to"), "{detail}");
    }
    assert_eq!(api.left(1).await, 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_buyers_get_exactly_what_is_there() {
    #[cfg(unix)] // Both ends of each connection are in this process.
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, most.min(10_000), most).unwrap();
    }
    let (api, database) = Api::start().await;
    let other_replica = Api::on(&database.shop.stock_url, &[]).await;
    let mut buyers = JoinSet::new();
    for buyer in 0..512 {
        let api = if buyer % 2 == 0 { &api } else { &other_replica };
        let request = api.http.request(Method::POST, api.url("/stock/1/sales"));
        let request = request.json(&json!({"quantity": 2})).send();
        buyers.spawn(async { request.await.unwrap().status() });
    }
    let answers = buyers.join_all().await;
    let count = |status| answers.iter().filter(|&&answer| answer == status).count();
    assert_eq!(count(StatusCode::OK), 300);
    assert_eq!(count(StatusCode::CONFLICT), 212);
    assert_eq!(api.sell(1, 1).await.status(), StatusCode::CONFLICT);
}
