//! The shop's page, and Buy.
//!
//! [`serve`] builds one client for each API and serves [`router`]. The page asks products-api what
//! is sold and then, for some products at a time, stock-api how many are left; it is rendered here
//! and works without scripts. A stock that does not answer is shown as unknown; without products
//! there is a page that says so.

mod assets;
mod availability;
mod buy;
mod finding;
mod origin;
mod page;
mod shop;
mod visitor;
mod xray;

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::{get, post};
use axum::{Router, middleware};
use chassis::{Client, Server, StartError, seconds};
use clap::{Args, ValueEnum};
use reqwest::Url;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// What this service adds to the common settings.
#[derive(Args)]
pub struct Settings {
    /// Where products-api is
    #[arg(long, env, default_value = "http://products-api", value_parser = base_url)]
    products_api_url: Url,

    /// Where stock-api is
    #[arg(long, env, default_value = "http://stock-api", value_parser = base_url)]
    stock_api_url: Url,

    /// Deadline of each call to them
    #[arg(long, env = "UPSTREAM_TIMEOUT_SECONDS", default_value = "3", value_parser = seconds::<50, 10_000>)]
    upstream_timeout: Duration,

    /// Colours of the page; auto follows the browser
    #[arg(long, env = "WIDGETARIO_THEME", value_enum, default_value = "auto")]
    theme: Theme,

    /// Shown as a badge on the page
    #[arg(long, env = "WIDGETARIO_ENVIRONMENT", default_value = "")]
    environment: String,

    /// Where a browser finds Jaeger, such as `http://localhost:16686`, for links to traces
    #[arg(long, env, value_parser = page_url)]
    jaeger_url: Option<Url>,
}

/// The colours of the page.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// As the browser prefers.
    Auto,
}

/// What the handlers work with.
#[derive(Clone)]
pub struct Storefront {
    /// Calls products-api.
    pub products: Client,
    /// Calls stock-api.
    pub stock: Client,
    /// The colours of the page.
    pub theme: Theme,
    /// The page's badge; empty for none.
    pub environment: String,
    /// Where a browser finds Jaeger.
    pub jaeger_url: Option<Url>,
    /// The version in the page's footer.
    pub version: String,
}

/// Serves until `server` is told to stop.
///
/// # Errors
/// When a setting cannot be used.
pub async fn serve(settings: Settings, server: Server) -> Result<(), StartError> {
    let timeout = settings.upstream_timeout;
    let propagators = server.settings().telemetry.propagators.clone();
    let client = |service, url| Client::new(service, url, timeout, propagators.clone());
    let storefront = Storefront {
        products: client("products-api", settings.products_api_url)?,
        stock: client("stock-api", settings.stock_api_url)?,
        theme: settings.theme,
        environment: settings.environment,
        jaeger_url: settings.jaeger_url,
        version: server.settings().app_version.clone(),
    };
    server.ready_when(std::future::ready(()));
    server.run(router(storefront)).await
}

/// The service's routes.
pub fn router(storefront: Storefront) -> Router {
    let changes = Router::new()
        .route("/buy/{id}", post(buy::buy))
        .route("/test-user", get(visitor::switch))
        .layer(middleware::from_fn(origin::guard));
    let routes = Router::new()
        .route("/", get(page::show).layer(compression()))
        .route("/api/shop", get(shop::show))
        .merge(changes)
        .layer(middleware::from_fn(visitor::on_behalf))
        .merge(assets::router().layer(compression()))
        .fallback(page::nothing_here)
        .method_not_allowed_fallback(page::not_allowed)
        .with_state(storefront.clone());
    chassis::limited(routes)
        .layer(middleware::from_fn_with_state(storefront, page::for_people))
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

/// For what a browser loads first; what scripts and programs ask is small, and asked often.
fn compression() -> CompressionLayer {
    CompressionLayer::new()
}

/// Adds the same header to every answer.
fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

fn base_url(text: &str) -> Result<Url, &'static str> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "http" && is_origin(&url) => Ok(url),
        _ => Err("an address such as http://products-api:8080"),
    }
}

/// Where a browser goes: any path, but nothing secret, and nothing after it.
fn page_url(text: &str) -> Result<Url, &'static str> {
    let is_page = |url: &Url| {
        ["http", "https"].contains(&url.scheme())
            && (url.username(), url.password()) == ("", None)
            && (url.query(), url.fragment()) == (None, None)
    };
    let url = Url::parse(text).ok().filter(is_page);
    url.ok_or("an address such as http://localhost:16686")
}

/// Whether a URL names nothing but a host and a port: a password in it would show up in traces.
fn is_origin(url: &Url) -> bool {
    url.has_host() && url.as_str().trim_end_matches('/') == url.origin().ascii_serialization()
}
