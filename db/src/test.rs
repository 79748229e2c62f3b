//! A database for each test, on one real server for the test program.

use std::sync::atomic::{AtomicU32, Ordering};

use local_postgres::Server;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

use crate::{Error, Shop};

const TEMPLATE: &str = "template_shop";

/// Never dropped; its watchdog ends it with the test program.
static SERVER: OnceCell<(Server, Shop)> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A test's own shop, fresh from the SQL files.
pub struct TestDatabase {
    /// How its two APIs log in.
    pub shop: Shop,
    /// How a superuser logs in.
    pub superuser: PgConnectOptions,
}

impl TestDatabase {
    /// Copies the shop for one test.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    ///
    /// # Panics
    /// When PostgreSQL cannot be downloaded or started.
    pub async fn new() -> Result<Self, Error> {
        let (server, template) = SERVER.get_or_try_init(start).await?;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&server.superuser("postgres")).await?;
        let copy = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}");
        connection.execute(AssertSqlSafe(copy)).await?;
        connection.close().await?;
        Ok(Self {
            shop: template.copy(TEMPLATE, &name),
            superuser: server.superuser(&name).parse()?,
        })
    }
}

async fn start() -> Result<(Server, Shop), Error> {
    let server = Server::scratch().unwrap_or_else(|error| panic!("{error}"));
    let shop = Shop::create(&server.superuser("postgres"), TEMPLATE).await?;
    Ok((server, shop))
}
