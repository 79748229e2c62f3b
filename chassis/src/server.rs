//! The server: two ports, a readiness, and a stop that loses no request.
//!
//! ```text
//! signal ─► /readyz 503, answers say `connection: close` ─► DRAIN_SECONDS pass
//!        ─► no new connections, requests under way finish ─► return
//! ```

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use prometheus_client::metrics::counter::Counter;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::access;
use crate::answer_headers::{self, Identity};
use crate::connection::Connection;
use crate::limits::limited;
use crate::listen::listen;
use crate::management::{self, Readiness, Waiting};
use crate::metrics::{self, Metrics};
use crate::open_files;
use crate::{Problem, Settings, StartError, trace};

/// How long requests under way may take to finish once new ones are refused.
const GRACE: Duration = Duration::from_secs(10);
/// The most that a request's line and headers may have; more is answered 431. hyper allows a
/// hundred headers.
const HEAD_BYTES: usize = 96 * 1024;
const MINUTE: Duration = Duration::from_mins(1);
/// How long a connection to the management port may wait between requests: longer than Prometheus
/// does, and not for ever, or a few that idle would keep the probes out. No proxy reuses these.
const MANAGEMENT_IDLE: Duration = Duration::from_secs(30);

/// A bound server, not yet serving.
pub struct Server {
    settings: Settings,
    service: TcpListener,
    management: TcpListener,
    readiness: Readiness,
    metrics: Metrics,
    shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Server {
    /// Binds both ports. The server stops when `shutdown` is ready.
    ///
    /// # Errors
    /// When an address is taken or not this machine's.
    #[expect(clippy::unused_async, reason = "sockets need a runtime around them")]
    pub async fn bind(
        settings: Settings,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Self, StartError> {
        Ok(Self {
            service: listen(settings.listen_address, settings.port, "PORT")?,
            management: listen(
                settings.listen_address,
                settings.management_port,
                "MANAGEMENT_PORT",
            )?,
            readiness: Readiness::default(),
            metrics: Metrics::new(),
            shutdown: Box::pin(shutdown),
            settings,
        })
    }

    /// The settings that it was bound with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where the service listens.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.service.local_addr()
    }

    /// Where `/livez`, `/readyz` and `/metrics` are.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn management_address(&self) -> io::Result<SocketAddr> {
        self.management.local_addr()
    }

    /// Where the service registers metrics of its own.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Where to say what keeps the service from being ready.
    pub fn waiting(&self) -> Waiting {
        self.readiness.waiting().clone()
    }

    /// Turns `/readyz` to 200 once `condition` is ready.
    pub fn ready_when(&self, condition: impl Future<Output = ()> + Send + 'static) {
        let readiness = self.readiness.clone();
        tokio::spawn(async move {
            condition.await;
            readiness.ready();
        });
    }

    /// Serves an API within the limits: unknown paths and methods are [`Problem`]s, and every answer
    /// says who gave it.
    ///
    /// # Errors
    /// See [`Server::run`].
    pub async fn run_api(self, router: Router) -> Result<(), StartError> {
        let identity = Identity::new(&self.settings);
        let router = router
            .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "There is nothing here.") })
            .method_not_allowed_fallback(|| async { Problem::not_allowed() });
        let outer = middleware::from_fn_with_state(identity, answer_headers::add);
        self.run(limited(router).layer(outer)).await
    }

    /// Serves `router` until the shutdown that [`Server::bind`] was given, then drains and returns.
    ///
    /// # Errors
    /// When the operating system refuses what it granted at first.
    pub async fn run(self, router: Router) -> Result<(), StartError> {
        let address = self.address().map_err(StartError::Runtime)?;
        let measure = middleware::from_fn_with_state(self.metrics.clone(), metrics::measure);
        let propagators = self.settings.telemetry.propagators.clone();
        let trace = middleware::from_fn_with_state(propagators, trace::trace);
        let retire = middleware::from_fn_with_state(self.readiness.clone(), retire);
        let router = router
            .layer(measure)
            .layer(middleware::from_fn(access::log))
            .layer(trace)
            .layer(retire);
        let unreadable = self.metrics.unreadable.clone();
        let service = Acceptor::new(router, *open_files::CONNECTIONS, None, unreadable);
        let service = Listener::spawn(self.service, service);
        let management = management::router(self.readiness.clone(), self.metrics);
        let most = open_files::MANAGEMENT_CONNECTIONS;
        let idle = Some(MANAGEMENT_IDLE);
        let management = Acceptor::new(management, most, idle, Counter::default());
        let management = Listener::spawn(self.management, management);
        tracing::info!("listening on http://{address}");

        self.shutdown.await;
        tracing::info!("stopping");
        self.readiness.drain();
        tokio::time::sleep(self.settings.drain).await;
        service.stop(GRACE).await;
        management.stop(Duration::from_millis(100)).await;
        Ok(())
    }
}

/// While draining, asks each caller to take its next request elsewhere.
async fn retire(State(readiness): State<Readiness>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if readiness.is_draining() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// A task that accepts connections until it is told to stop.
struct Listener {
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<Acceptor>,
}

impl Listener {
    fn spawn(listener: TcpListener, mut acceptor: Acceptor) -> Self {
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
    async fn stop(self, grace: Duration) {
        let _ = self.stop.send(());
        let Ok(mut acceptor) = self.accepting.await else {
            return;
        };
        let open = acceptor.graceful.count();
        let finish = tokio::time::timeout(grace, acceptor.graceful.shutdown());
        if finish.await.is_err() {
            tracing::warn!("gave up on some of {open} connections after {grace:?}");
            // Ended here, so that what they were about is still counted, logged and traced.
            acceptor.connections.shutdown().await;
        }
    }
}

/// Serves connections, so many at once.
struct Acceptor {
    router: Router,
    most: usize,
    /// How long a connection may wait between requests, if not for ever.
    idle: Option<Duration>,
    /// Counts requests that could not be read.
    unreadable: Counter,
    graceful: GracefulShutdown,
    connections: JoinSet<()>,
}

impl Acceptor {
    fn new(router: Router, most: usize, idle: Option<Duration>, unreadable: Counter) -> Self {
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
        let mut said: Option<Instant> = None;
        loop {
            while self.connections.try_join_next().is_some() {}
            if self.connections.len() >= self.most {
                if said.is_none_or(|said| said.elapsed() > MINUTE) {
                    said = Some(Instant::now());
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
        // A caller that vanished without a word would keep its connection for ever.
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
