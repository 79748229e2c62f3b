//! The page, with more and more products.

use std::net::SocketAddr;

use benches::bare;
use benches::ours::{Tracing, web};
use benches::peer::Peer;
use gungraun::{library_benchmark, library_benchmark_group};

use crate::measure::{PEER, Scene, collector, config, counted};

/// The addresses of products-api and stock-api.
type Apis = (SocketAddr, SocketAddr);

/// The page of the service that `start` starts, to be asked for so many times.
fn scene(
    (products, requests): (usize, usize),
    others: Vec<Peer>,
    start: impl FnOnce(Apis) -> SocketAddr,
) -> Scene {
    let (apis, [products, stock]) = Peer::apis(PEER, products);
    let service = start((products, stock));
    let others = others.into_iter().chain(apis);
    Scene::new(service, "/", requests, others.collect())
}

fn bare(products: usize, requests: usize) -> Scene {
    scene((products, requests), vec![], |(products, stock)| {
        bare::serve(async move { bare::page::router(products, stock) })
    })
}

fn untraced(products: usize, requests: usize) -> Scene {
    scene((products, requests), vec![], |(products, stock)| {
        web(products, stock, Tracing::Off)
    })
}

fn traced(products: usize, requests: usize) -> Scene {
    let (collector, tracing) = collector();
    scene(
        (products, requests),
        vec![collector],
        |(products, stock)| web(products, stock, tracing),
    )
}

#[library_benchmark(config = config())]
#[bench::bare_4(setup = bare, args = (4, 250))]
#[bench::bare_40(setup = bare, args = (40, 25))]
#[bench::bare_400(setup = bare, args = (400, 10))]
#[bench::bare_4000(setup = bare, args = (4000, 1))]
#[bench::untraced_4(setup = untraced, args = (4, 250))]
#[bench::untraced_40(setup = untraced, args = (40, 25))]
#[bench::untraced_400(setup = untraced, args = (400, 10))]
#[bench::untraced_4000(setup = untraced, args = (4000, 1))]
#[bench::traced_4(setup = traced, args = (4, 250))]
#[bench::traced_40(setup = traced, args = (40, 25))]
#[bench::traced_400(setup = traced, args = (400, 10))]
#[bench::traced_4000(setup = traced, args = (4000, 1))]
fn page(scene: Scene) -> Scene {
    counted(scene)
}

library_benchmark_group!(name = page_group; benchmarks = page);
