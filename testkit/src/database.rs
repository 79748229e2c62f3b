//! A database for each test, on one real server for the test program.

use std::sync::atomic::{AtomicU32, Ordering};

use db::ShopDatabase;
use local_postgres::Server;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

const TEMPLATE: &str = "template_shop";

/// Never dropped; its watchdog ends it with the test program.
static SERVER: OnceCell<(Server, ShopDatabase)> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A test's own shop, fresh from the SQL files.
pub struct TestDatabase {
    /// The URLs with which its two APIs log in.
    pub shop: ShopDatabase,
    /// The name of the database on the server.
    pub name: String,
    /// The server's port on 127.0.0.1.
    pub port: u16,
    superuser_url: String,
}

impl TestDatabase {
    /// Copies the shop for one test.
    ///
    /// # Panics
    /// When PostgreSQL cannot be downloaded or started.
    pub async fn new() -> Self {
        let (server, template) = SERVER.get_or_init(|| server_with_shop(TEMPLATE)).await;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let copy = AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"));
        let mut connection = connect(&server.superuser("postgres")).await;
        connection.execute(copy).await.unwrap();
        connection.close().await.unwrap();
        let in_copy = |url: &str| url.replace(&format!("/{TEMPLATE}"), &format!("/{name}"));
        Self {
            shop: ShopDatabase {
                products_url: in_copy(&template.products_url),
                stock_url: in_copy(&template.stock_url),
            },
            port: server.port(),
            superuser_url: server.superuser(&name),
            name,
        }
    }

    /// Connects as a superuser.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn superuser(&self) -> PgConnection {
        connect(&self.superuser_url).await
    }
}

/// Starts a server for one test, which may crash it, with the shop in the database `name`.
///
/// # Panics
/// When PostgreSQL cannot be downloaded or started.
pub async fn server_with_shop(name: &str) -> (Server, ShopDatabase) {
    let server = Server::scratch().unwrap_or_else(|error| panic!("{error}"));
    let shop = ShopDatabase::create(&server.superuser("postgres"), name).await;
    (server, shop.unwrap_or_else(|error| panic!("{error}")))
}

/// The flags of an API that uses the database at `url` and waits for it as long as a busy machine
/// needs; those in `more` come after these, and override them.
pub fn api_flags(url: &str, more: &[&str]) -> Vec<String> {
    let url = format!("--database-url={url}");
    let flags = ["--database-timeout=10", &url];
    flags.iter().chain(more).map(ToString::to_string).collect()
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}
