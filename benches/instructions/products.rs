//! `GET /products`, the shop's four, read from PostgreSQL each time.

use axum::Router;
use benches::bare;
use benches::ours::{Tracing, database, products_api};
use gungraun::{library_benchmark, library_benchmark_group};

use crate::measure::{Scene, collector, config, counted};

const PATH: &str = "/products";

fn bare(router: fn(&str) -> Router, requests: usize) -> Scene {
    let url = database().shop.products_url;
    let address = bare::serve(async { router(&url) });
    Scene::new(address, PATH, requests, vec![])
}

fn untraced(requests: usize) -> Scene {
    Scene::new(products_api(Tracing::Off), PATH, requests, vec![])
}

fn traced(requests: usize) -> Scene {
    let (collector, tracing) = collector();
    Scene::new(products_api(tracing), PATH, requests, vec![collector])
}

#[library_benchmark(config = config())]
#[bench::tokio_postgres(setup = bare, args = (bare::products::tokio_postgres, 1000))]
#[bench::sqlx(setup = bare, args = (bare::products::sqlx, 1000))]
#[bench::untraced(setup = untraced, args = (1000))]
#[bench::traced(setup = traced, args = (1000))]
fn products(scene: Scene) -> Scene {
    counted(scene)
}

library_benchmark_group!(name = products_group; benchmarks = products);
