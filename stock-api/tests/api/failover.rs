//! What visitors see while a standby takes the place of the primary.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join;
use local_postgres::Server;
use reqwest::StatusCode;
use sqlx::{Connection, Executor, PgConnection};
use testkit::database::server_with_shop;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::database::{uncached, until};
use crate::proxy::Proxy;
use crate::{Api, nothing_sold};

/// A primary with a standby, and an API on the primary by an address that can move.
struct Pair {
    primary: Server,
    standby: Server,
    address: Proxy,
    api: Api,
}

impl Pair {
    async fn start() -> Self {
        let (primary, shop) = server_with_shop("shop").await;
        let standby = primary.standby().unwrap();
        // Each sale is on the standby before it is answered.
        let mut superuser = superuser(&primary).await;
        for statement in [
            "ALTER SYSTEM SET synchronous_standby_names = '*'",
            "SELECT pg_reload_conf()",
        ] {
            superuser.execute(statement).await.unwrap();
        }
        let address = Proxy::before(primary.port(), "127.0.0.1", Duration::ZERO).await;
        let (port, new) = (
            format!(":{}/", primary.port()),
            format!(":{}/", address.port),
        );
        let api = uncached(&shop.stock_url.replace(&port, &new)).await;
        until(StatusCode::OK, async || api.readiness().await).await;
        Self {
            primary,
            standby,
            address,
            api,
        }
    }

    async fn promote(&self) {
        let promote = "SELECT pg_promote()";
        superuser(&self.standby)
            .await
            .execute(promote)
            .await
            .unwrap();
    }
}

async fn superuser(server: &Server) -> PgConnection {
    PgConnection::connect(&server.superuser("shop"))
        .await
        .unwrap()
}

/// Asks one after the other until `stop`, and counts the answers by their status.
async fn traffic(
    stop: &watch::Receiver<bool>,
    ask: impl AsyncFn() -> StatusCode,
) -> BTreeMap<StatusCode, i64> {
    let mut counts = BTreeMap::new();
    while !*stop.borrow() {
        *counts.entry(ask().await).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn failover_is_an_answer_of_unavailable_and_sells_nothing_twice() {
    let pair = Pair::start().await;
    let api = &pair.api;
    let (stop, stopped) = watch::channel(false);
    let reading = traffic(&stopped, async || api.get("/stock/1").await.status());
    let buying = traffic(&stopped, async || api.sell(1, 1).await.status());
    let failing_over = async {
        until(StatusCode::OK, async || api.sell(3, 1).await).await;
        pair.primary.crash().unwrap();
        until(StatusCode::SERVICE_UNAVAILABLE, async || {
            api.get("/stock/1").await
        })
        .await;
        pair.address.lead_to(pair.standby.port());
        until(StatusCode::OK, async || api.get("/stock/1").await).await;
        nothing_sold(api.sell(1, 1).await, StatusCode::SERVICE_UNAVAILABLE).await;
        pair.promote().await;
        until(StatusCode::OK, async || api.sell(3, 1).await).await;
        stop.send_replace(true);
    };
    let ((read, sold), ()) = join(join(reading, buying), failing_over).await;

    let of = |counts: &BTreeMap<_, i64>, status| counts.get(&status).copied().unwrap_or_default();
    let (ok, unavailable, unknown) = (
        StatusCode::OK,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    );
    assert!(
        read.keys().all(|status| [ok, unavailable].contains(status)),
        "{read:?}"
    );
    assert!(
        sold.keys()
            .all(|status| [ok, unavailable, unknown].contains(status)),
        "{sold:?}"
    );
    let taken = 600 - api.left(1).await;
    let sure = of(&sold, ok);
    // Only the sale that was under way when the primary crashed may have no answer.
    assert!(of(&sold, unknown) <= 1, "{sold:?}");
    assert!(
        (sure..=sure + of(&sold, unknown)).contains(&taken),
        "{taken} of {sold:?}"
    );
    pair.standby.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn session_that_led_to_a_standby_is_replaced_once_the_address_leads_to_the_primary() {
    let pair = Pair::start().await;
    let api = &pair.api;
    pair.address.lead_to(pair.standby.port());
    let mut primary = superuser(&pair.primary).await;
    primary
        .execute(crate::database::END_SESSIONS)
        .await
        .unwrap();
    until(StatusCode::SERVICE_UNAVAILABLE, async || {
        api.sell(1, 1).await
    })
    .await;
    assert_eq!(api.left(1).await, 600);
    pair.address.lead_to(pair.primary.port());
    until(StatusCode::OK, async || api.sell(1, 1).await).await;
    drop(primary);
    pair.primary.stop();
    pair.standby.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn service_that_is_led_to_a_standby_is_not_ready_and_says_that_it_needs_the_primary() {
    let (primary, shop) = server_with_shop("shop").await;
    let standby = primary.standby().unwrap();
    let (port, other) = (
        format!(":{}/", primary.port()),
        format!(":{}/", standby.port()),
    );
    let api = uncached(&shop.stock_url.replace(&port, &other)).await;
    says(&api, "DATABASE_URL must lead to the primary").await;
    assert_eq!(api.left(1).await, 600);
    standby.stop();
    primary.stop();
}

#[tokio::test]
async fn server_that_starts_is_told_apart_from_one_that_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut caller, _) = listener.accept().await.unwrap();
            let mut startup = [0; 1024];
            let _ = caller.read(&mut startup).await;
            let _ = caller
                .write_all(&refusal("57P03", "the database system is starting up"))
                .await;
        }
    });
    let api = uncached(&format!(
        "postgres://stock_api:secret@127.0.0.1:{port}/shop"
    ))
    .await;
    says(
        &api,
        "takes no connections now (the database system is starting up): try again",
    )
    .await;
    nothing_sold(api.sell(1, 1).await, StatusCode::SERVICE_UNAVAILABLE).await;
}

/// Waits until `/readyz` gives a reason that has `phrase`.
async fn says(api: &Api, phrase: &str) {
    let told = async {
        while !api.readiness().await.text().await.unwrap().contains(phrase) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(30), told).await;
    told.unwrap_or_else(|_| panic!("no {phrase:?} within 30 s"));
}

/// A server's `ErrorResponse`
/// (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).
fn refusal(code: &str, message: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat()
}
