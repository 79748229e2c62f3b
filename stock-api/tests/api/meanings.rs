//! What the server's errors mean to a reader and to a buyer.

use reqwest::StatusCode;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use testkit::database::TestDatabase;
use testkit::problem::problem;

use crate::database::{END_SESSIONS, uncached, until};
use crate::{Api, nothing_sold};

/// An API whose connections have run a statement, and a superuser of its database.
async fn used() -> (Api, PgConnection, TestDatabase) {
    let database = TestDatabase::new().await;
    let api = uncached(&database.shop.stock_url).await;
    until(StatusCode::OK, async || api.readiness().await).await;
    (api, database.superuser().await, database)
}

async fn execute(superuser: &mut PgConnection, statement: &str) {
    let statement = AssertSqlSafe(statement.to_owned());
    superuser.execute(sqlx::raw_sql(statement)).await.unwrap();
}

#[tokio::test]
async fn column_of_another_type_costs_nobody_an_answer() {
    let (api, mut superuser, _database) = used().await;
    for (kind, left) in [("integer", 599), ("bigint", 598), ("numeric", 597)] {
        let alter = format!("ALTER TABLE public.products ALTER stock TYPE {kind}");
        execute(&mut superuser, &alter).await;
        assert_eq!(api.sell(1, 1).await.status(), StatusCode::OK);
        assert_eq!(api.left(1).await, left);
    }
}

#[tokio::test]
async fn session_that_only_reads_sells_nothing_and_is_replaced() {
    let (api, mut superuser, database) = used().await;
    let name = database.name;
    let alter =
        format!("ALTER DATABASE {name} SET default_transaction_read_only = on; {END_SESSIONS}");
    execute(&mut superuser, &alter).await;
    nothing_sold(api.sell(1, 1).await, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(api.left(1).await, 600);

    execute(
        &mut superuser,
        &format!("ALTER DATABASE {name} RESET default_transaction_read_only"),
    )
    .await;
    until(StatusCode::OK, async || api.sell(1, 1).await).await;
}

/// Each is raised by a policy that both statements of the API pass.
#[tokio::test]
async fn error_that_means_not_now_is_unavailable_to_readers_and_buyers() {
    let database = TestDatabase::new().await;
    let mut superuser = database.superuser().await;
    let flags = ["--cache-expiry=0", "--database-timeout=1"];
    let api = Api::on(&database.shop.stock_url, &flags).await;
    until(StatusCode::OK, async || api.sell(1, 1).await).await;
    let raise = |code: &str| {
        format!(
            "CREATE OR REPLACE FUNCTION policy() RETURNS boolean LANGUAGE plpgsql AS \
             $$ BEGIN RAISE 'not now' USING ERRCODE = '{code}'; END $$"
        )
    };
    execute(&mut superuser, &raise("53000")).await;
    execute(
        &mut superuser,
        "CREATE POLICY policy ON public.products USING (policy()); \
         ALTER TABLE public.products ENABLE ROW LEVEL SECURITY",
    )
    .await;
    // A standby, a replica that must go on with what it receives, a deadlock, no disk, no memory, no
    // connection, no transaction id, a lock, a lock again, a timeout, a start, an old snapshot.
    let codes = "25006 40001 40P01 53100 53200 53300 54000 55006 55P03 57014 57P03 72000";
    for code in codes.split(' ') {
        execute(&mut superuser, &raise(code)).await;
        let read = api.get("/stock/1").await;
        assert_eq!(read.status(), StatusCode::SERVICE_UNAVAILABLE, "{code}");
        assert_eq!(read.headers()["retry-after"], "1", "{code}");
        nothing_sold(api.sell(1, 1).await, StatusCode::SERVICE_UNAVAILABLE).await;
    }
    let end = "ALTER TABLE public.products DISABLE ROW LEVEL SECURITY";
    execute(&mut superuser, end).await;
    until(StatusCode::OK, async || api.sell(1, 1).await).await;
    assert_eq!(api.left(1).await, 598);
}

#[tokio::test]
async fn right_that_is_missing_sells_nothing_until_it_is_given_back() {
    let (api, mut superuser, _database) = used().await;
    execute(
        &mut superuser,
        "REVOKE UPDATE (stock) ON public.products FROM stock_api",
    )
    .await;
    nothing_sold(api.sell(1, 1).await, StatusCode::INTERNAL_SERVER_ERROR).await;
    execute(
        &mut superuser,
        "GRANT UPDATE (stock) ON public.products TO stock_api",
    )
    .await;
    assert_eq!(api.sell(1, 1).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn column_that_is_gone_sells_nothing_until_it_is_back() {
    let (api, mut superuser, _database) = used().await;
    execute(
        &mut superuser,
        "ALTER TABLE public.products RENAME stock TO level",
    )
    .await;
    problem(api.get("/stock/1").await, StatusCode::INTERNAL_SERVER_ERROR).await;
    nothing_sold(api.sell(1, 1).await, StatusCode::INTERNAL_SERVER_ERROR).await;
    execute(
        &mut superuser,
        "ALTER TABLE public.products RENAME level TO stock",
    )
    .await;
    assert_eq!(api.sell(1, 1).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn buyers_who_collide_in_strict_transactions_are_all_served() {
    let database = TestDatabase::new().await;
    let mut superuser = database.superuser().await;
    let name = &database.name;
    let strict =
        format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'");
    execute(&mut superuser, &strict).await;
    let api = Api::on(&database.shop.stock_url, &[]).await;
    let sales = (0..40).map(|_| api.sell(1, 1));
    for answer in futures_util::future::join_all(sales).await {
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert_eq!(api.left(1).await, 560);
}

#[tokio::test]
async fn roles_search_path_leads_nowhere_else() {
    let database = TestDatabase::new().await;
    let mut superuser = database.superuser().await;
    let elsewhere = "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.products (LIKE public.products); \
                     GRANT ALL ON SCHEMA elsewhere TO PUBLIC; GRANT ALL ON elsewhere.products TO PUBLIC";
    execute(&mut superuser, elsewhere).await;
    let name = &database.name;
    execute(
        &mut superuser,
        &format!("ALTER DATABASE {name} SET search_path = elsewhere"),
    )
    .await;
    let api = uncached(&database.shop.stock_url).await;
    assert_eq!(api.sell(1, 1).await.status(), StatusCode::OK);
    assert_eq!(api.left(1).await, 599);
}
