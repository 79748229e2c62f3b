//! Accepts a limited number of connections, and serves the requests that arrive on them.

use std::time::{Duration, Instant};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use prometheus_client::metrics::counter::Counter;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::server::connection::Connection;

/// The most bytes that a request's line and headers may have together; more is answered with 431.
/// hyper allows a hundred headers.
const HEAD_BYTES: usize = 96 * 1024;
const MINUTE: Duration = Duration::from_mins(1);

/// A task that accepts connections until it is stopped.
pub(super) struct Listener {
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<Acceptor>,
}

impl Listener {
    pub(super) fn spawn(listener: TcpListener, mut acceptor: Acceptor) -> Self {
        let (stop, stopped) = oneshot::channel();
        let accepting = tokio::spawn(async move {
            tokio::select! {
                () = acceptor.accept(listener) => {}
                _ = stopped => {}
            }
            acceptor
        });
        Self { stop, accepting }
    }

    /// Refuses new connections and lets requests under way finish, for `grace` at most.
    pub(super) async fn stop(self, grace: Duration) {
        let _ = self.stop.send(());
        let Ok(mut acceptor) = self.accepting.await else {
            return;
        };
        let open = acceptor.graceful.count();
        let finish = tokio::time::timeout(grace, acceptor.graceful.shutdown());
        if finish.await.is_err() {
            tracing::warn!("gave up on some of {open} connections after {grace:?}");
            // Ended here, so that their requests are still counted, logged and traced.
            acceptor.connections.shutdown().await;
        }
    }
}

/// Serves connections, `most` of them at once.
pub(super) struct Acceptor {
    router: Router,
    most: usize,
    /// How long a connection may wait between requests; `None` is for ever.
    idle: Option<Duration>,
    /// Counts requests that could not be read.
    unreadable: Counter,
    graceful: GracefulShutdown,
    connections: JoinSet<()>,
}

impl Acceptor {
    pub(super) fn new(
        router: Router,
        most: usize,
        idle: Option<Duration>,
        unreadable: Counter,
    ) -> Self {
        Self {
            router,
            most,
            idle,
            unreadable,
            graceful: GracefulShutdown::new(),
            connections: JoinSet::new(),
        }
    }

    async fn accept(&mut self, listener: TcpListener) {
        let mut warned: Option<Instant> = None;
        loop {
            while self.connections.try_join_next().is_some() {}
            if self.connections.len() >= self.most {
                if warned.is_none_or(|warned| warned.elapsed() > MINUTE) {
                    warned = Some(Instant::now());
                    let most = self.most;
                    tracing::warn!(
                        "{most} connections are open, as many as may be: the next ones wait"
                    );
                }
                self.connections.join_next().await;
            }
            match listener.accept().await {
                Ok((stream, _)) => self.serve(stream),
                Err(error) => {
                    // Mostly "too many open files": waiting is all that helps.
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn serve(&mut self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        // Without this, a caller that vanished would keep its connection for ever.
        let _ = SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(MINUTE));
        let service = TowerToHyperService::new(self.router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.idle)
            .max_header_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(Connection::new(stream)), service);
        let connection = self.graceful.watch(connection);
        let unreadable = self.unreadable.clone();
        self.connections.spawn(async move {
            let Err(error) = connection.await else {
                return;
            };
            if error.is_parse() {
                unreadable.inc();
                tracing::debug!(target: "access", "a request could not be read: {error}");
            } else {
                tracing::debug!("a connection ended early: {error}");
            }
        });
    }
}
