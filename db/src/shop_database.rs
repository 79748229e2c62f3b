//! Puts the shop into a database.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::adoption::has_table;
use crate::error::Error;

/// Schema, data and roles, in this order.
const SQL: [&str; 3] = [
    include_str!("../sql/1-schema.sql"),
    include_str!("../sql/2-data.sql"),
    include_str!("../sql/3-roles.sql"),
];
const ROLES: usize = 2;

/// A database that holds the shop: the URLs with which its two APIs log in.
pub struct ShopDatabase {
    /// URL for products-api.
    pub products_url: String,
    /// URL for stock-api.
    pub stock_url: String,
}

impl ShopDatabase {
    /// Makes the database `name` with the shop, unless it exists, on a server that only the shop
    /// uses, and gives both roles a new password. The URL `superuser` is that of another database
    /// of the server.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create(superuser: &str, name: &str) -> Result<Self, Error> {
        let superuser: PgConnectOptions = superuser.parse()?;
        let superuser = superuser
            .application_name("widgetario")
            .ssl_mode(PgSslMode::Disable);
        let mut server = PgConnection::connect_with(&superuser).await?;
        let exists = sqlx::query("SELECT FROM pg_database WHERE datname = $1").bind(name);
        if exists.fetch_optional(&mut server).await?.is_none() {
            let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
            server.execute(create).await?;
        }
        let mut database = PgConnection::connect_with(&superuser.clone().database(name)).await?;
        fill(&mut database, &SQL).await?;
        database.close().await?;
        let shop = Self {
            products_url: login(&mut server, &superuser, name, "products_api").await?,
            stock_url: login(&mut server, &superuser, name, "stock_api").await?,
        };
        server.close().await?;
        Ok(shop)
    }

    /// Puts schema and data into a database of the user's own, unless they exist. Both APIs log in
    /// with `url`, as `database` did, because that role may lack the right to make others.
    ///
    /// # Errors
    /// When the database cannot hold the shop, or the server refuses.
    pub async fn adopt(mut database: PgConnection, url: &str) -> Result<Self, Error> {
        if !has_table(&mut database).await? {
            fill(&mut database, &SQL[..ROLES]).await?;
        }
        database.close().await?;
        Ok(Self {
            products_url: url.into(),
            stock_url: url.into(),
        })
    }
}

/// Runs all of `files`, or none when the table exists.
async fn fill(database: &mut PgConnection, files: &[&'static str]) -> Result<(), Error> {
    let mut transaction = database.begin().await?;
    let table: Option<String> = sqlx::query_scalar("SELECT to_regclass('public.products')::text")
        .fetch_one(&mut *transaction)
        .await?;
    if table.is_none() {
        for &file in files {
            transaction.execute(sqlx::raw_sql(file)).await?;
        }
    }
    transaction.commit().await?;
    Ok(())
}

/// Gives `role` a new password and returns the URL with which it logs in.
async fn login(
    server: &mut PgConnection,
    superuser: &PgConnectOptions,
    database: &str,
    role: &str,
) -> Result<String, Error> {
    let password: String = sqlx::query_scalar("SELECT gen_random_uuid()::text")
        .fetch_one(&mut *server)
        .await?;
    let alter = format!("ALTER ROLE {role} PASSWORD '{password}'");
    server.execute(AssertSqlSafe(alter)).await?;
    let (host, port) = (superuser.get_host(), superuser.get_port());
    Ok(format!(
        "postgres://{role}:{password}@{host}:{port}/{database}"
    ))
}
