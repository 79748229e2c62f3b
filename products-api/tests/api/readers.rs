//! Many readers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::Api;

#[tokio::test(flavor = "multi_thread")]
async fn price_is_never_older_than_the_request() {
    let api = Api::start(&[]).await;
    let url = format!("{}/products", api.url);
    let (written, done) = (Arc::<AtomicU32>::default(), Arc::<AtomicBool>::default());
    let mut readers = JoinSet::new();
    for _ in 0..32 {
        let (url, written, done) = (url.clone(), Arc::clone(&written), Arc::clone(&done));
        readers.spawn(async move {
            let http = reqwest::Client::new();
            while !done.load(Ordering::SeqCst) {
                let least = written.load(Ordering::SeqCst);
                let answer = http.get(&url).send().await.unwrap();
                let products: Value = answer.json().await.unwrap();
                let price = products[0]["price"].as_f64().unwrap();
                assert!(price >= f64::from(least), "{price} after {least}");
            }
        });
    }
    let mut writer = api.database.superuser().await;
    for price in 1..=200_i32 {
        let write = sqlx::query("UPDATE products SET price = $1::int WHERE id = 1").bind(price);
        write.execute(&mut writer).await.unwrap();
        written.store(price.unsigned_abs(), Ordering::SeqCst);
    }
    done.store(true, Ordering::SeqCst);
    readers.join_all().await;
}
