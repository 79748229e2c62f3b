//! The chassis' server over real connections.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod calls;
mod http;
mod listen;
mod metrics;
mod stop;

use axum::Router;
use chassis::Server;
use clap::Args;
use reqwest::Response;
use testkit::service::TestService;

/// A service without settings of its own.
#[derive(Args)]
struct Nothing {}

/// Serves `router` as an API.
async fn start(flags: &[&str], router: Router) -> TestService {
    let serve = |Nothing {}, server: Server| {
        server.ready_when(std::future::ready(()));
        server.run_api(router)
    };
    TestService::start("test", flags, serve).await
}

async fn get(url: &str, path: &str) -> Response {
    reqwest::get(format!("{url}{path}")).await.unwrap()
}
