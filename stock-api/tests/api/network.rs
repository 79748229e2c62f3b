//! A database that is far away, or out of reach for a while.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use sqlx::{Connection, Executor};
use testkit::database::TestDatabase;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::Api;
use crate::database::{END_SESSIONS, until};
use crate::proxy::Proxy;

/// An API before which the database is `delay` away in each direction.
async fn far(delay: u64, timeout: &str) -> (Api, Proxy, TestDatabase) {
    let database = TestDatabase::new().await;
    let port = database.port;
    let proxy = Proxy::before(port, "127.0.0.1", Duration::from_millis(delay)).await;
    let (port, new) = (format!(":{port}/"), format!(":{}/", proxy.port));
    let url = database.shop.stock_url.replace(&port, &new);
    let timeout = format!("--database-timeout={timeout}");
    let api = Api::on(&url, &["--cache-expiry=0", &timeout]).await;
    (api, proxy, database)
}

#[tokio::test]
async fn database_a_hundred_milliseconds_away_is_ready_and_serves() {
    let (api, _proxy, _database) = far(100, "0.5").await;
    until(StatusCode::OK, async || api.readiness().await).await;
    until(StatusCode::OK, async || api.get("/stock/1").await).await;
    until(StatusCode::OK, async || api.sell(1, 1).await).await;
}

/// A way to the server at the port `target` on which connecting takes 2 s, and an answer no time; its
/// own port.
async fn slow_to_connect(target: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut here, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                sleep(Duration::from_secs(2)).await;
                let mut there = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                let _ = copy_bidirectional(&mut here, &mut there).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn connection_that_takes_longer_than_its_caller_waits_serves_the_next() {
    let database = TestDatabase::new().await;
    let port = slow_to_connect(database.port).await;
    let (old, new) = (format!(":{}/", database.port), format!(":{port}/"));
    let url = database.shop.stock_url.replace(&old, &new);
    let api = Api::on(&url, &["--cache-expiry=0", "--database-timeout=0.5"]).await;
    until(StatusCode::OK, async || api.readiness().await).await;
    assert_eq!(api.left(1).await, 600);

    let mut superuser = database.superuser().await;
    superuser.execute(END_SESSIONS).await.unwrap();
    let ask = async || api.get("/stock/1").await;
    until(StatusCode::SERVICE_UNAVAILABLE, ask).await;
    until(StatusCode::OK, ask).await;
    until(StatusCode::OK, async || api.sell(1, 1).await).await;
}

#[tokio::test]
async fn address_of_ipv6_stands_in_brackets() {
    let database = TestDatabase::new().await;
    let port = database.port;
    let proxy = Proxy::before(port, "::1", Duration::ZERO).await;
    let (place, new) = (
        format!("127.0.0.1:{port}/"),
        format!("[::1]:{}/", proxy.port),
    );
    let url = database.shop.stock_url.replace(&place, &new);
    let api = Api::on(&url, &[]).await;
    assert_eq!(api.left(1).await, 600);
}

#[tokio::test]
async fn database_that_answers_too_late_is_told_with_the_setting_that_allows_it() {
    let (api, _proxy, _database) = far(50, "0.05").await;
    let told = async {
        loop {
            let reason = api.readiness().await.text().await.unwrap();
            if reason.contains("for an answer, and DATABASE_TIMEOUT_SECONDS allows 0.05 s") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(30), told).await;
    told.expect("the reason");
}

#[tokio::test]
async fn callers_who_give_up_do_not_keep_the_service_from_connecting() {
    // A connection takes several times as long, a statement half as long, as callers wait.
    let (api, proxy, _database) = far(30, "0.12").await;
    until(StatusCode::OK, async || api.readiness().await).await;
    let ask = async || api.get("/stock/1").await;
    let load = async {
        loop {
            join_all((0..20).map(|_| ask())).await;
        }
    };
    let comes_back = async {
        proxy.be_silent(true);
        until(StatusCode::SERVICE_UNAVAILABLE, ask).await;
        proxy.be_silent(false);
        until(StatusCode::OK, ask).await;
        until(StatusCode::OK, async || api.sell(1, 1).await).await;
    };
    tokio::select! {
        () = load => {}
        () = comes_back => {}
    }
}

#[tokio::test]
async fn sale_whose_answer_is_swallowed_may_be_sold_or_not() {
    let (api, proxy, database) = far(0, "2").await;
    let (mut buyer, mut watcher) = tokio::join!(database.superuser(), database.superuser());
    let mut lock = buyer.begin().await.unwrap();
    let row = sqlx::query("SELECT FROM products WHERE id = 1 FOR UPDATE");
    row.execute(&mut *lock).await.unwrap();
    let silence = async {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                     AND datname = current_database()";
        while sqlx::query_scalar::<_, i64>(waits)
            .fetch_one(&mut watcher)
            .await
            .unwrap()
            == 0
        {}
        proxy.be_silent(true);
        lock.rollback().await.unwrap();
    };
    let (answer, ()) = tokio::join!(api.sell(1, 1), silence);
    assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert!(problem.get("changed").is_none(), "{problem}");
}
