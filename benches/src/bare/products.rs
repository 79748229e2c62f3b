//! `GET /products` from PostgreSQL, by either of two clients.

use std::time::Instant;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use deadpool_postgres::{Manager, Pool};
use futures_util::future::join_all;
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio_postgres::{NoTls, Row};

use crate::bare::identity;

/// What the service asks, too.
const QUERY: &str =
    "SELECT id::bigint, name::text, price::numeric FROM public.products ORDER BY id";

/// As many connections as the service has.
const CONNECTIONS: u8 = 8;

#[derive(Serialize)]
struct Product {
    id: i64,
    name: String,
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    price: Decimal,
}

/// The route by tokio-postgres, on the database at `url`.
pub fn tokio_postgres(url: &str) -> Router {
    let manager = Manager::new(url.parse().unwrap(), NoTls);
    let pool = Pool::builder(manager).max_size(CONNECTIONS.into());
    Router::new()
        .route("/products", get(by_tokio_postgres))
        .with_state(pool.build().unwrap())
}

async fn by_tokio_postgres(State(pool): State<Pool>) -> impl IntoResponse {
    let begun = Instant::now();
    let client = pool.get().await.unwrap();
    let statement = client.prepare_cached(QUERY).await.unwrap();
    let rows = client.query(&statement, &[]).await.unwrap();
    let product = |row: &Row| Product {
        id: row.get(0),
        name: row.get(1),
        price: row.get(2),
    };
    let products: Vec<Product> = rows.iter().map(product).collect();
    (identity(begun), Json(products))
}

/// The route by sqlx, on the database at `url`.
pub async fn sqlx(url: &str) -> Router {
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS.into())
        .test_before_acquire(false); // neither does the other
    let pool = pool.connect_lazy(url).unwrap();
    // sqlx takes a connection back in a task of its own, and connects anew for who comes before that.
    // A handshake costs as much as a hundred requests, so all are made before any is counted.
    drop(join_all((0..CONNECTIONS).map(|_| pool.acquire())).await);
    Router::new()
        .route("/products", get(by_sqlx))
        .with_state(pool)
}

async fn by_sqlx(State(pool): State<PgPool>) -> impl IntoResponse {
    let begun = Instant::now();
    let rows = sqlx::query_as(QUERY).fetch_all(&pool).await.unwrap();
    let product = |(id, name, price)| Product { id, name, price };
    let products: Vec<Product> = rows.into_iter().map(product).collect();
    (identity(begun), Json(products))
}
