//! Which path is served by which handler, and the headers of every answer.

use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::{get, post};
use axum::{Router, middleware};
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::app_state::AppState;
use crate::error::Error;
use crate::page::error_page;
use crate::{assets, buy, origin, page, shop, test_user};

/// The service's routes.
pub fn router(app: AppState) -> Router {
    let changes = Router::new()
        .route("/buy/{id}", post(buy::buy))
        .route("/test-user", get(test_user::switch))
        .layer(middleware::from_fn(origin::guard));
    let routes = Router::new()
        .route("/", get(page::show).layer(compression()))
        .route("/api/shop", get(shop::show))
        .merge(changes)
        .layer(middleware::from_fn(test_user::on_behalf))
        .merge(assets::router().layer(compression()))
        .fallback(async || Error::NothingHere)
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .with_state(app.clone());
    let for_people = middleware::from_fn_with_state(app, error_page::for_people);
    with_headers(chassis::limited(routes).layer(for_people))
}

/// Only for what a browser loads first: the answers for scripts and programs are small and
/// frequent.
fn compression() -> CompressionLayer {
    CompressionLayer::new()
}

/// Tells browsers to keep nothing but assets, to run nothing that is not ours, and to let no other
/// site look in.
fn with_headers(router: Router) -> Router {
    router
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(fixed(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
             connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(fixed(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ))
        .layer(fixed(
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ))
}

/// Adds the same header to every answer.
fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}
