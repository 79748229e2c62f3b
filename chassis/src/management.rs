//! The management port: what Kubernetes and Prometheus ask, apart from what customers ask.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::{Metrics, well_formed};

const STARTING: u8 = 0;
const READY: u8 = 1;
const DRAINING: u8 = 2;

/// Whether callers should send requests here.
#[derive(Clone, Default)]
pub(crate) struct Readiness(Arc<AtomicU8>, Waiting);

/// What keeps a service from being ready, as `/readyz` tells it.
#[derive(Clone, Default)]
pub struct Waiting(Arc<Mutex<String>>);

impl Waiting {
    /// Replaces the last reason.
    pub fn because(&self, reason: impl Into<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reason.into();
    }

    fn sentence(&self) -> String {
        let reason = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match reason.as_str() {
            "" => "waiting for the first answer of the database\n".to_owned(),
            reason => format!("waiting for the database: {reason}\n"),
        }
    }
}

impl Readiness {
    /// From starting to ready; a service that drains stays unready.
    pub(crate) fn ready(&self) {
        let _ = self
            .0
            .compare_exchange(STARTING, READY, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(crate) fn waiting(&self) -> &Waiting {
        &self.1
    }

    pub(crate) fn drain(&self) {
        self.0.store(DRAINING, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.load(Ordering::Relaxed) == DRAINING
    }
}

pub(crate) fn router(readiness: Readiness, metrics: Metrics) -> Router {
    Router::new()
        .route("/livez", get("alive\n"))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(scrape).with_state(metrics))
        .layer(middleware::from_fn(well_formed::check))
}

async fn readyz(State(readiness): State<Readiness>) -> (StatusCode, String) {
    match readiness.0.load(Ordering::Relaxed) {
        READY => (StatusCode::OK, "ready\n".into()),
        DRAINING => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".into()),
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            readiness.waiting().sentence(),
        ),
    }
}

async fn scrape(State(metrics): State<Metrics>) -> impl IntoResponse {
    let format = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, format)], metrics.encode())
}
