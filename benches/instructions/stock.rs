//! `GET /stock/1`, answered from the cache.

use benches::bare;
use benches::ours::{self, Tracing};
use benches::peer::Peer;
use gungraun::{library_benchmark, library_benchmark_group};

use crate::measure::{PEER, Scene, config, counted};

const PATH: &str = "/stock/1";

fn bare() -> Scene {
    let address = bare::serve(async { bare::stock::router() });
    Scene::new(address, PATH, vec![])
}

fn untraced() -> Scene {
    Scene::new(ours::stock_api(Tracing::Off), PATH, vec![])
}

fn traced() -> Scene {
    let (collector, address) = Peer::stand_in(PEER, &["collector"]);
    let service = ours::stock_api(Tracing::To(address));
    Scene::new(service, PATH, vec![collector])
}

#[library_benchmark(config = config())]
#[bench::bare(setup = bare, args = ())]
#[bench::untraced(setup = untraced, args = ())]
#[bench::traced(setup = traced, args = ())]
fn stock(scene: Scene) -> Scene {
    counted(scene, 1000)
}

library_benchmark_group!(name = stock_group; benchmarks = stock);
