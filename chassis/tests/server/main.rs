//! The chassis' server over real connections.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod calls;
mod http;
mod listen;
mod stop;

use std::ffi::OsString;

use axum::Router;
use chassis::{Command, Server};
use clap::Args;
use reqwest::Response;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A service without settings of its own.
#[derive(Args)]
struct Nothing {}

/// A running server, and the end of it.
struct Running {
    url: String,
    management_url: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

fn command(arguments: &[&str]) -> Command<Nothing> {
    let always = [
        "--listen-address=127.0.0.1",
        "--port=0",
        "--management-port=0",
    ];
    let arguments = always.iter().chain(arguments).map(OsString::from);
    Command::parse("test", arguments).unwrap_or_else(|error| panic!("{error}"))
}

/// Serves `router` as an API.
async fn start(arguments: &[&str], router: Router) -> Running {
    let (stop, stopped) = oneshot::channel();
    let server = Server::bind(command(arguments).common, async {
        let _ = stopped.await;
    });
    let server = server.await.unwrap();
    server.ready_when(std::future::ready(()));
    Running {
        url: format!("http://{}", server.address().unwrap()),
        management_url: format!("http://{}", server.management_address().unwrap()),
        stop,
        serving: tokio::spawn(async { server.run_api(router).await.unwrap() }),
    }
}

async fn get(url: &str, path: &str) -> Response {
    reqwest::get(format!("{url}{path}")).await.unwrap()
}
