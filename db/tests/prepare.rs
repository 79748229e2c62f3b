//! `db/prepare.sql` in a database elsewhere, whose owner is no superuser.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Output};

use local_postgres::Server;
use sqlx::{Connection, Executor, PgConnection};

/// Runs the script as `psql` does.
fn prepare(url: &str) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/prepare.sql");
    let mut psql = Command::new("psql");
    psql.args(["--no-psqlrc", "--quiet", url, "-f", script]);
    psql.output().unwrap()
}

#[tokio::test]
#[ignore = "needs psql"]
async fn owner_who_may_create_roles_prepares_the_shop_as_often_as_wanted() {
    let server = Server::scratch().unwrap();
    let mut superuser = PgConnection::connect(&server.superuser("postgres"))
        .await
        .unwrap();
    for statement in [
        "CREATE ROLE shop_owner LOGIN CREATEROLE PASSWORD 'owner'",
        "CREATE DATABASE shop OWNER shop_owner",
        "CREATE DATABASE another OWNER shop_owner",
    ] {
        superuser.execute(statement).await.unwrap();
    }
    let url = |role: &str, database: &str| {
        format!(
            "postgres://{role}:owner@127.0.0.1:{}/{database}",
            server.port()
        )
    };
    for database in ["shop", "shop", "another"] {
        let output = prepare(&url("shop_owner", database));
        assert!(output.status.success(), "{database}: {output:?}");
    }
    let mut owner = PgConnection::connect(&url("shop_owner", "shop"))
        .await
        .unwrap();
    for role in ["products_api", "stock_api"] {
        let password = format!("ALTER ROLE {role} PASSWORD 'owner'");
        owner.execute(sqlx::AssertSqlSafe(password)).await.unwrap();
    }
    let mut stock = PgConnection::connect(&url("stock_api", "shop"))
        .await
        .unwrap();
    stock
        .execute("UPDATE products SET stock = 599 WHERE id = 1")
        .await
        .unwrap();
    let mut products = PgConnection::connect(&url("products_api", "shop"))
        .await
        .unwrap();
    let names = sqlx::query_scalar::<_, i64>("SELECT count(name) FROM products");
    assert_eq!(names.fetch_one(&mut products).await.unwrap(), 4);
    for forbidden in [
        "SELECT stock FROM products",
        "UPDATE products SET price = 0",
    ] {
        products.execute(forbidden).await.unwrap_err();
    }
    // What was sold stays sold.
    assert!(prepare(&url("shop_owner", "shop")).status.success());
    let left = sqlx::query_scalar::<_, i64>("SELECT stock FROM products WHERE id = 1");
    assert_eq!(left.fetch_one(&mut stock).await.unwrap(), 599);
    server.stop();
}

#[tokio::test]
#[ignore = "needs psql"]
async fn owner_who_may_not_create_roles_changes_nothing_and_is_told() {
    let server = Server::scratch().unwrap();
    let mut superuser = PgConnection::connect(&server.superuser("postgres"))
        .await
        .unwrap();
    superuser
        .execute("CREATE ROLE weak LOGIN PASSWORD 'weak'")
        .await
        .unwrap();
    superuser
        .execute("CREATE DATABASE weak OWNER weak")
        .await
        .unwrap();
    let url = format!("postgres://weak:weak@127.0.0.1:{}/weak", server.port());
    let output = prepare(&url);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("permission denied to create role"), "{said}");
    let mut weak = PgConnection::connect(&url).await.unwrap();
    let table = "SELECT to_regclass('public.products') IS NULL";
    let table = sqlx::query_scalar::<_, bool>(table);
    assert!(table.fetch_one(&mut weak).await.unwrap());
    server.stop();
}
