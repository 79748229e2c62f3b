use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use stock_api::Cache;
use tokio::sync::oneshot::{self, error::RecvError};
use tokio::task::JoinSet;

use crate::Api;

const EXPIRY: Duration = Duration::from_secs(45);

#[tokio::test]
async fn writer_never_answers_with_what_was_before() {
    let (api, _database) = Api::start().await;
    for stock in (550..600).rev() {
        assert_eq!(api.left(1).await, stock + 1);
        api.sell(1, 1).await;
        assert_eq!(api.left(1).await, stock);
    }
    api.send(Method::PUT, "/stock/1", json!({"stock": 7})).await;
    assert_eq!(api.left(1).await, 7);
}

#[tokio::test]
async fn answer_says_whether_it_came_from_the_cache() {
    let (api, _database) = Api::start().await;
    let status = async || {
        let answer = api.get("/stock/1").await;
        answer.headers()["cache-status"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(status().await, "stock-api; fwd=miss");
    assert_eq!(status().await, "stock-api; hit");
    api.sell(1, 1).await;
    assert_eq!(status().await, "stock-api; fwd=miss");
}

#[tokio::test]
async fn other_replica_may_answer_with_its_own_copy() {
    let (api, database) = Api::start().await;
    let other = Api::on(&database.shop.stock_url, &[]).await;
    let uncached = Api::on(&database.shop.stock_url, &["--cache-expiry=0"]).await;
    assert_eq!(other.left(1).await, 600);
    assert_eq!(uncached.left(1).await, 600);
    api.sell(1, 1).await;
    assert_eq!(other.left(1).await, 600);
    assert_eq!(uncached.left(1).await, 599);
}

#[tokio::test(flavor = "multi_thread")]
async fn thousand_concurrent_misses_are_one_query() {
    static QUERIES: AtomicU32 = AtomicU32::new(0);
    let cache = Cache::new(EXPIRY);
    let mut readers = JoinSet::new();
    for _ in 0..1000 {
        let cache = cache.clone();
        readers.spawn(async move {
            let query = async {
                QUERIES.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok::<_, ()>(600)
            };
            cache.level(1, query).await.unwrap().stock
        });
    }
    assert!(readers.join_all().await.iter().all(|&level| level == 600));
    assert_eq!(QUERIES.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn level_that_was_read_while_one_waited_is_not_from_the_cache() {
    let cache = Cache::new(EXPIRY);
    let (finish, finished) = oneshot::channel();
    let other = || cache.level(1, async { Ok::<_, RecvError>(599) });
    let finish = async { finish.send(600) };
    let (first, waiter, _) = tokio::join!(cache.level(1, finished), other(), finish);
    let last = other().await;
    let levels = [first.unwrap(), waiter.unwrap(), last.unwrap()];
    assert_eq!(levels.map(|level| level.is_cached), [false, false, true]);
    assert_eq!(levels.map(|level| level.stock), [600; 3]);
}

#[tokio::test]
async fn read_begun_before_a_write_does_not_put_the_old_value_back() {
    let cache = Cache::new(EXPIRY);
    let (finish, finished) = oneshot::channel();
    let reader = cache.clone();
    let late = tokio::spawn(async move { reader.level(1, finished).await.unwrap().stock });
    tokio::task::yield_now().await; // the read is under way …
    cache.forget(1); // … a write happens …
    finish.send(600).unwrap(); // … and the read ends with what was before.
    assert_eq!(late.await.unwrap(), 600);
    let level = cache.level(1, async { Ok::<_, ()>(599) }).await;
    assert_eq!(level.unwrap().stock, 599);
}

#[tokio::test]
async fn failed_query_is_asked_again() {
    let cache = Cache::new(EXPIRY);
    assert!(cache.level(1, async { Err("down") }).await.is_err());
    let level = cache.level(1, async { Ok::<_, &str>(600) }).await;
    assert_eq!(level.unwrap().stock, 600);
}
