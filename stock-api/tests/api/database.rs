//! What a caller sees when the database fails.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use sqlx::{Connection, Executor, PgConnection};
use testkit::database::{TestDatabase, server_with_shop};
use testkit::problem::problem;
use tokio::time::{sleep, timeout};

use crate::{Api, nothing_sold};

/// Ends the API's sessions.
pub(crate) const END_SESSIONS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE usename = 'stock_api' AND datname = current_database()";

/// An API that asks the database each time.
pub(crate) async fn uncached(url: &str) -> Api {
    Api::on(url, &["--cache-expiry=0", "--database-timeout=2"]).await
}

/// Asks until the answer has `status`.
pub(crate) async fn until(status: StatusCode, ask: impl AsyncFn() -> Response) -> Response {
    let asking = async {
        loop {
            let response = ask().await;
            if response.status() == status {
                return response;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let patience = timeout(Duration::from_secs(30), asking).await;
    patience.unwrap_or_else(|_| panic!("no {status} within 30 s"))
}

#[tokio::test]
async fn stopped_database_is_a_503_until_it_is_back() {
    let (server, shop) = server_with_shop("shop").await;
    let api = uncached(&shop.stock_url).await;
    until(StatusCode::OK, async || api.get("/stock/1").await).await;

    server.crash().unwrap();
    let response = api.get("/stock/1").await;
    assert_eq!(response.headers()["retry-after"], "1");
    let detail = problem(response, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(
        detail,
        "The database is not available now. Try again in a moment."
    );
    nothing_sold(api.sell(1, 1).await, StatusCode::SERVICE_UNAVAILABLE).await;

    server.resume().unwrap();
    until(StatusCode::OK, async || api.sell(1, 1).await).await;
    assert_eq!(api.left(1).await, 599);
    server.stop();
}

#[tokio::test]
async fn ready_service_has_connections_open_for_its_first_callers() {
    let database = TestDatabase::new().await;
    let api = uncached(&database.shop.stock_url).await;
    until(StatusCode::OK, async || api.readiness().await).await;

    let mut superuser = database.superuser().await;
    let open = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'stock_api' \
                AND datname = current_database()";
    let open = sqlx::query_scalar::<_, i64>(open);
    assert_eq!(open.fetch_one(&mut superuser).await.unwrap(), 4);
}

#[tokio::test]
async fn service_is_ready_only_after_the_databases_first_answer() {
    let (server, shop) = server_with_shop("shop").await;
    server.crash().unwrap();
    let api = uncached(&shop.stock_url).await;
    let readiness = async || api.readiness().await;
    let waiting = until(StatusCode::SERVICE_UNAVAILABLE, readiness).await;
    let reason = waiting.text().await.unwrap();
    assert!(reason.starts_with("waiting for the "), "{reason}");
    server.resume().unwrap();
    until(StatusCode::OK, readiness).await;
    server.crash().unwrap();
    assert_eq!(readiness().await.status(), StatusCode::OK);
    server.stop();
}

#[tokio::test]
async fn connections_that_died_cost_nobody_an_answer() {
    let database = TestDatabase::new().await;
    let api = uncached(&database.shop.stock_url).await;
    let mut superuser = database.superuser().await;
    for sold in 1..=5 {
        assert_eq!(api.left(1).await, 601 - sold);
        superuser.execute(END_SESSIONS).await.unwrap();
        assert_eq!(api.sell(1, 1).await.status(), StatusCode::OK);
        superuser.execute(END_SESSIONS).await.unwrap();
        assert_eq!(api.left(1).await, 600 - sold);
    }
}

#[tokio::test]
async fn sale_that_came_too_late_is_not_made_after_all() {
    let database = TestDatabase::new().await;
    let api = Api::on(&database.shop.stock_url, &["--database-timeout=1"]).await;
    let mut other = database.superuser().await;
    let mut transaction = other.begin().await.unwrap();
    let lock = sqlx::query("SELECT FROM products WHERE id = 1 FOR UPDATE");
    lock.execute(&mut *transaction).await.unwrap();

    let answer = api.sell(1, 1).await;
    nothing_sold(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(api.left(1).await, 600); // cached from now on
    transaction.commit().await.unwrap();
    let stock = sqlx::query_scalar::<_, i64>("SELECT stock FROM products WHERE id = 1 FOR UPDATE");
    assert_eq!(stock.fetch_one(&mut other).await.unwrap(), 600);
}

#[tokio::test]
async fn role_may_change_nothing_but_the_stock() {
    let database = TestDatabase::new().await;
    let mut role = PgConnection::connect(&database.shop.stock_url)
        .await
        .unwrap();
    for forbidden in [
        "UPDATE products SET price = 0",
        "UPDATE products SET id = 9 WHERE id = 4",
        "DELETE FROM products",
        "INSERT INTO products VALUES (5, 'Five', 5, 5)",
        "SELECT price FROM products",
        "CREATE TABLE mine (id int)",
    ] {
        let error = sqlx::query(forbidden).execute(&mut role).await.unwrap_err();
        assert!(
            error.to_string().contains("permission denied"),
            "{forbidden}: {error}"
        );
    }
}

#[tokio::test]
async fn sold_widgets_are_counted() {
    let (api, _database) = Api::start().await;
    api.sell(1, 3).await;
    api.sell(4, 1).await;
    let metrics = api.service.metrics().await;
    assert!(metrics.contains("widgetario_sold_total 3\n"), "{metrics}");
    let sale = r#"http_server_request_duration_seconds_count{http_request_method="POST",http_route="/stock/{id}/sales",http_response_status_code="200"} 1"#;
    assert!(metrics.contains(sale), "{metrics}");
}
