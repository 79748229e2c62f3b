//! `GET /stock/1`, answered from the cache.

use benches::bare;
use benches::ours::{Tracing, stock_api};
use gungraun::{library_benchmark, library_benchmark_group};

use crate::measure::{Scene, collector, config, counted};

const PATH: &str = "/stock/1";

fn bare(requests: usize) -> Scene {
    let address = bare::serve(async { bare::stock::router() });
    Scene::new(address, PATH, requests, vec![])
}

fn untraced(requests: usize) -> Scene {
    Scene::new(stock_api(Tracing::Off), PATH, requests, vec![])
}

fn traced(requests: usize) -> Scene {
    let (collector, tracing) = collector();
    Scene::new(stock_api(tracing), PATH, requests, vec![collector])
}

#[library_benchmark(config = config())]
#[bench::bare(setup = bare, args = (1000))]
#[bench::untraced(setup = untraced, args = (1000))]
#[bench::traced(setup = traced, args = (1000))]
fn stock(scene: Scene) -> Scene {
    counted(scene)
}

library_benchmark_group!(name = stock_group; benchmarks = stock);
