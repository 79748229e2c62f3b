//! `GET /products`, the shop's four, read from PostgreSQL each time.

use axum::Router;
use benches::bare;
use benches::ours::{Tracing, database, products_api};
use gungraun::{library_benchmark, library_benchmark_group};

use crate::measure::{Scene, collector, config, counted};

const PATH: &str = "/products";

fn bare(router: impl AsyncFnOnce(&str) -> Router, requests: usize) -> Scene {
    let url = database().shop.products_url;
    let address = bare::serve(router(&url));
    Scene::new(address, PATH, requests, vec![])
}

fn tokio_postgres(requests: usize) -> Scene {
    bare(async |url| bare::products::tokio_postgres(url), requests)
}

fn sqlx(requests: usize) -> Scene {
    bare(bare::products::sqlx, requests)
}

fn untraced(requests: usize) -> Scene {
    Scene::new(products_api(Tracing::Off), PATH, requests, vec![])
}

fn traced(requests: usize) -> Scene {
    let (collector, tracing) = collector();
    Scene::new(products_api(tracing), PATH, requests, vec![collector])
}

#[library_benchmark(config = config())]
#[bench::tokio_postgres(setup = tokio_postgres, args = (1000))]
#[bench::sqlx(setup = sqlx, args = (1000))]
#[bench::untraced(setup = untraced, args = (1000))]
#[bench::traced(setup = traced, args = (1000))]
fn products(scene: Scene) -> Scene {
    counted(scene)
}

library_benchmark_group!(name = products_group; benchmarks = products);
