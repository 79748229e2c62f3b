//! The server: two ports, a readiness, and a stop that loses no request (`stop.rs`).

mod accept;
mod access;
mod answer_headers;
mod connection;
mod exemplar;
pub(crate) mod extract;
pub(crate) mod limits;
mod listen;
mod management;
pub(crate) mod metrics;
mod name_trace;
mod observed;
mod stop;
mod well_formed;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use tokio::net::TcpListener;

use crate::open_files;
use crate::problem::Problem;
use crate::readiness::Readiness;
use crate::server::accept::{Acceptor, Listener};
use crate::server::answer_headers::Identity;
use crate::server::limits::Limits;
use crate::server::listen::listen;
use crate::server::metrics::Metrics;
use crate::server::observed::Observe;
use crate::server::stop::stop;
use crate::settings::Settings;
use crate::start_error::StartError;

/// How long a connection to the management port may wait between requests: longer than Prometheus
/// does, but not for ever, because a few idle connections would keep the probes out. No proxy
/// reuses these.
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
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
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
        let observe = self.observe(Some(identity));
        self.serve(router.layer((observe, Limits::default()))).await
    }

    /// Serves `router` until the shutdown that [`Server::bind`] was given, then drains and returns.
    ///
    /// # Errors
    /// When the operating system refuses what it granted at first.
    pub async fn run(self, router: Router) -> Result<(), StartError> {
        let observe = self.observe(None);
        self.serve(router.layer(observe)).await
    }

    fn observe(&self, identity: Option<Identity>) -> Observe {
        let propagators = self.settings.telemetry.propagators.clone();
        let (metrics, readiness) = (self.metrics.clone(), self.readiness.clone());
        Observe::new(propagators, metrics, readiness, identity)
    }

    async fn serve(self, router: Router) -> Result<(), StartError> {
        let address = self.address().map_err(StartError::Runtime)?;
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
        stop(&self.readiness, self.settings.drain, service, management).await;
        Ok(())
    }
}
