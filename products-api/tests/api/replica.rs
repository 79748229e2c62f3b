//! Products that are read from a replica.

use std::time::Duration;

use reqwest::StatusCode;
use sqlx::{Connection, Executor, PgConnection};
use testkit::database::{api_flags, server_with_shop};
use testkit::service::TestService;
use tokio::time::{sleep, timeout};

#[tokio::test(flavor = "multi_thread")]
async fn products_are_read_from_a_standby_which_follows_its_primary() {
    let (primary, shop) = server_with_shop("shop").await;
    let standby = primary.standby().unwrap();
    let (port, other) = (
        format!(":{}/", primary.port()),
        format!(":{}/", standby.port()),
    );
    let flags = api_flags(&shop.products_url.replace(&port, &other), &[]);
    let service = TestService::start("products-api", &flags, products_api::serve).await;
    let get = async |url: String| reqwest::get(url).await.unwrap();

    let mut superuser = PgConnection::connect(&primary.superuser("shop"))
        .await
        .unwrap();
    let dearer = "UPDATE products SET price = 31.25 WHERE id = 1";
    superuser.execute(dearer).await.unwrap();
    let product = format!("{}/products/1", service.url);
    until("the new price", async || {
        let product = get(product.clone()).await.text().await.unwrap();
        product.contains("31.25")
    })
    .await;
    let ready = format!("{}/readyz", service.management_url);
    until("readiness", async || {
        get(ready.clone()).await.status() == StatusCode::OK
    })
    .await;
    standby.stop();
    primary.stop();
}

/// Waits until `holds`; `what` names that.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let held = async {
        while !holds().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let held = timeout(Duration::from_secs(30), held).await;
    held.unwrap_or_else(|_| panic!("{what}: not within 30 s"));
}
