//! A service in the test's own process, on free ports of 127.0.0.1.

use std::sync::Arc;

use chassis::{Server, ServiceCommand, StartError};
use clap::Args;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A running service. Dropped, it goes on until the test's runtime ends.
pub struct TestService {
    /// Where it serves, such as `http://127.0.0.1:40001`.
    pub url: String,
    /// Where `/livez`, `/readyz` and `/metrics` are.
    pub management_url: String,
    /// Ends when the service does.
    pub serving: JoinHandle<()>,
    stop: Arc<Notify>,
}

impl TestService {
    /// Starts the service `name`, whose `serve` takes the settings that `flags` and the environment
    /// make.
    ///
    /// # Panics
    /// When a flag is wrong. The service itself panics when it fails later.
    pub async fn start<S, F>(
        name: &'static str,
        flags: &[impl AsRef<str>],
        serve: impl FnOnce(S, Server) -> F,
    ) -> Self
    where
        S: Args,
        F: Future<Output = Result<(), StartError>> + Send + 'static,
    {
        let always = [
            "--listen-address=127.0.0.1",
            "--port=0",
            "--management-port=0",
        ];
        let flags = always.into_iter().chain(flags.iter().map(AsRef::as_ref));
        let command = ServiceCommand::parse(name, flags).unwrap_or_else(|error| panic!("{error}"));
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let server = Server::bind(command.common, async move { stopped.notified().await });
        let server = server.await.unwrap();
        let url = format!("http://{}", server.address().unwrap());
        let management_url = format!("http://{}", server.management_address().unwrap());
        let serving = serve(command.service, server);
        Self {
            url,
            management_url,
            serving: tokio::spawn(async { serving.await.unwrap() }),
            stop,
        }
    }

    /// Asks the service to stop, as SIGTERM does.
    pub fn stop(&self) {
        self.stop.notify_one();
    }

    /// Ends the service at once, as a crash does, and waits until nothing listens any more.
    pub async fn abort(&self) {
        self.serving.abort();
        let address = &self.url["http://".len()..];
        while TcpStream::connect(address).await.is_ok() {}
    }

    /// The service's metrics, as Prometheus reads them.
    ///
    /// # Panics
    /// When the management port does not answer.
    pub async fn metrics(&self) -> String {
        let answer = reqwest::get(format!("{}/metrics", self.management_url));
        answer.await.unwrap().text().await.unwrap()
    }
}
